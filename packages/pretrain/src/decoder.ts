import { createRng } from '@bitcliff/core';
import { numpy as np, random } from '@jax-js/jax';
import type { Params, Weights } from './decoder-inputs.ts';
import { gpt2Logits, gpt2Weights } from './gpt2.ts';
import { crossEntropy } from './layers.ts';
import { llamaLogits, llamaWeights } from './llama.ts';
import type { ModelConfig, WeightSpecs } from './model-config.ts';
import { type Precision, ROUNDINGS } from './precision.ts';
import { Tape, type TapeNode } from './tape.ts';

/** Token windows as arrays, all [B, T]. */
export type Batch = {
  /** i32, the inputs. */
  tokens: np.Array;
  /** i32, which document of its window a token belongs to; tokens see their own document only. */
  documents: np.Array;
  /** i32, position within the document. */
  positions: np.Array;
  /** i32, what follows each token. */
  targets: np.Array;
  /** f32, 1 where a target counts, else 0. */
  weights: np.Array;
};

/** How numbers are stored and dropped while training. */
export interface PassOptions {
  readonly precision: Precision;
  /** Norms in float32, or with every step stored in the precision. */
  readonly normPrecision: 'f32' | 'half';
  /** Rate of the dropout on the attention and MLP outputs before the residual connection. */
  readonly dropout: number;
}

/** Names, shapes and beginnings of a model's weights. */
export function weightSpecs(config: ModelConfig): WeightSpecs {
  return config.architecture === 'gpt2' ? gpt2Weights(config) : llamaWeights(config);
}

/** Number of weights. */
export function parameterCount(config: ModelConfig): number {
  let count = 0;
  for (const { shape } of weightSpecs(config).values()) count += shape.reduce((a, b) => a * b, 1);
  return count;
}

/** Fresh weights. @param deviation standard deviation of the normal numbers  @param seed of the numbers */
export function initParams(config: ModelConfig, deviation: number, seed: number): Params {
  const rng = createRng(seed);
  const params: Params = {};
  for (const [name, { shape, init }] of weightSpecs(config)) {
    const scale = init === 'residual' ? deviation / Math.sqrt(2 * config.layers) : deviation;
    const size = shape.reduce((a, b) => a * b, 1);
    const fill = init === 'ones' ? () => 1 : init === 'zeros' ? () => 0 : () => rng.normal() * scale;
    params[name] = np.array(Float32Array.from({ length: size }, fill)).reshape([...shape]);
  }
  return params;
}

/** True where a token may see another: not later, and of the same document. @param documents i32[B, T], consumed  @returns bool[B, 1, T, T] */
function visibility(documents: np.Array): np.Array {
  const [B, T] = documents.shape as [number, number];
  const sameDocument = documents.ref.reshape([B, 1, T, 1]).equal(documents.reshape([B, 1, 1, T]));
  return np.where(np.tri(T, T, 0, { dtype: np.bool }), sameDocument, false);
}

/** A forward pass on a tape. Consumes `params` and `batch`. @param key of the dropout, u32[2], consumed; none without dropout */
function runForward(
  tape: Tape,
  params: Params,
  { tokens, documents, positions }: Pick<Batch, 'tokens' | 'documents' | 'positions'>,
  config: ModelConfig,
  { normPrecision, dropout }: PassOptions,
  key: np.Array | undefined,
): { masters: Map<string, TapeNode>; logits: TapeNode } {
  const masters = new Map(Object.entries(params).map(([name, value]) => [name, tape.leaf(value)]));
  const weights = new Map([...masters].map(([name, node]) => [name, tape.weight(node)]));
  const [B, T] = tokens.shape as [number, number];
  const places = key === undefined || dropout === 0 ? 0 : 2 * config.layers;
  const shape = [places, B, T, config.hiddenSize];
  const masks = places === 0 ? undefined : random.bernoulli(key!, 1 - dropout, shape).astype(np.float32);
  const keep = Array.from({ length: places }, (_, i) => masks!.ref.slice(i));
  masks?.dispose();
  const inputs = { tokens, positions, visible: visibility(documents), normPrecision, dropout, keep };
  const w: Weights = (name) => weights.get(name)!;
  const logits =
    config.architecture === 'gpt2'
      ? gpt2Logits(tape, w, inputs, config)
      : llamaLogits(tape, w, inputs, config);
  for (const array of [inputs.visible, tokens, positions, ...keep]) array.dispose();
  return { masters, logits };
}

/**
 * Logits of every position, without dropout. Consumes its arguments.
 * @returns f32[B, T, V], rounded to the precision
 */
export function decoderLogits(
  params: Params,
  batch: Pick<Batch, 'tokens' | 'documents' | 'positions'>,
  config: ModelConfig,
  options: Omit<PassOptions, 'dropout'>,
): np.Array {
  const tape = new Tape(ROUNDINGS[options.precision], false);
  const { logits } = runForward(tape, params, batch, config, { ...options, dropout: 0 }, undefined);
  const result = logits.value.ref;
  tape.dispose();
  return result;
}

/**
 * Mean cross-entropy in nats over the targets that count, and its gradient by every weight. Consumes its arguments.
 * @param lossScale f32 scalar: the gradients are those of lossScale·loss, not divided
 * @param key u32[2] for the dropout
 */
export function lossAndGradients(
  params: Params,
  batch: Batch,
  lossScale: np.Array,
  key: np.Array | undefined,
  config: ModelConfig,
  options: PassOptions,
): { loss: np.Array; gradients: Params } {
  const tape = new Tape(ROUNDINGS[options.precision]);
  const { masters, logits } = runForward(tape, params, batch, config, options, key);
  const loss = crossEntropy(tape, logits, batch.targets, batch.weights);
  tape.backward(loss, lossScale);
  const gradients: Params = {};
  for (const [name, node] of masters) gradients[name] = node.gradient!;
  const value = loss.value.ref;
  tape.dispose();
  batch.targets.dispose();
  batch.weights.dispose();
  return { loss: value, gradients };
}
