/**
 * @file A plain float64 forward pass of one sequence: the oracle of the tests, written for reading. It shares with the engine the
 * reading of weights, the rotary frequencies and the ALiBi slopes, and nothing else; recipes are applied in float64 (fake quantization).
 */
import type { ModuleRole, Recipe } from '@bitcliff/quantize';
import type { LinearPlace } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { DecoderSpec } from '../decoder-spec.ts';
import {
  type BlockWeights,
  type NormWeights,
  readBlock,
  readEmbedding,
  readEmbeddingRows,
  readHead,
  readVocabulary,
} from '../weights.ts';
import { ACTIVATIONS, add, attend, normalize, project, referenceLinear, rotate } from './reference-math.ts';

/** Everything the pass saw, row-major by token. T tokens, H hidden. */
export interface ReferenceTrace {
  /** Input of the first block, [T × H]. */
  readonly embed: Float64Array;
  /** Residual stream behind each block, [T × H]. */
  readonly blockOut: Float64Array[];
  /** Inputs of the linear layers of each role, per block. */
  readonly inputs: Record<ModuleRole, Float64Array[]>;
  /** Behind the final norm, [T × H]. */
  readonly finalNorm: Float64Array;
  /** [T × vocabulary]. */
  readonly logits: Float64Array;
}

/** Run `tokens` through the model in float64. */
export async function referenceForward(
  checkpoint: Checkpoint,
  tokens: readonly number[],
  recipe: Recipe | null = null,
): Promise<ReferenceTrace> {
  const { spec } = checkpoint;
  const T = tokens.length;
  const inputs: ReferenceTrace['inputs'] = { 'attn.qkv': [], 'attn.out': [], 'mlp.up': [], 'mlp.down': [] };
  const blockOut: Float64Array[] = [];
  const embedded = await embed(checkpoint, tokens);
  let x = embedded;
  for (let layer = 0; layer < spec.layers; layer++) {
    const weights = await readBlock(checkpoint, layer);
    x = runBlock(spec, weights, layer, x, T, recipe, inputs);
    blockOut.push(x);
  }
  const head = await readHead(checkpoint);
  const finalNorm = head.finalNorm === null ? x : normalize(x, spec.norm, head.finalNorm);
  const { width } = spec.embedding;
  const out =
    head.projectOut === null ? finalNorm : project(finalNorm, T, spec.hiddenSize, head.projectOut, width);
  const V = spec.vocabularySize;
  const { weight, bias } = await readVocabulary(checkpoint, 0, V);
  const logits = project(out, T, width, weight, V);
  for (let i = 0; i < logits.length; i++)
    logits[i] = (logits[i]! + (bias?.[i % V] ?? 0)) * spec.head.logitScale;
  return { embed: embedded, blockOut, inputs, finalNorm, logits };
}

async function embed(checkpoint: Checkpoint, tokens: readonly number[]): Promise<Float64Array> {
  const { spec } = checkpoint;
  const { width, scale } = spec.embedding;
  const { positions, projectIn, norm } = await readEmbedding(checkpoint);
  const table = await readEmbeddingRows(checkpoint, 0, spec.vocabularySize);
  const T = tokens.length;
  let x: Float64Array = new Float64Array(T * width);
  for (const [t, token] of tokens.entries()) {
    for (let i = 0; i < width; i++) x[t * width + i] = table[token * width + i]! * scale;
  }
  if (projectIn !== null) x = project(x, T, width, projectIn, spec.hiddenSize);
  if (positions !== null && spec.positions.kind === 'learned') {
    const { offset } = spec.positions;
    x = x.map((value, i) => value + positions[offset * spec.hiddenSize + i]!);
  }
  return norm === null ? x : normalize(x, spec.norm, norm);
}

function runBlock(
  spec: DecoderSpec,
  weights: BlockWeights,
  layer: number,
  x: Float64Array,
  T: number,
  recipe: Recipe | null,
  inputs: ReferenceTrace['inputs'],
): Float64Array {
  const { heads, kvHeads, headDim, clip } = spec.attention;
  const apply = (place: LinearPlace, input: Float64Array): Float64Array => {
    const linear = weights.linears.find(({ module }) => module.place === place)!;
    return referenceLinear(input, T, linear, recipe?.roles[linear.module.role] ?? null);
  };
  const clamp = (y: Float64Array): Float64Array =>
    clip === null ? y : y.map((value) => Math.min(clip, Math.max(-clip, value)));
  const n1 = (y: Float64Array): Float64Array => normalize(y, spec.norm, weights.norms.attention);
  const n2 = (y: Float64Array): Float64Array => normalize(y, spec.norm, weights.norms.mlp as NormWeights);

  const attention = (y: Float64Array): Float64Array => {
    inputs['attn.qkv'].push(y);
    const q = normalizeHeads(spec, clamp(apply('q', y)), heads, weights.qNorm);
    const k = normalizeHeads(spec, clamp(apply('k', y)), kvHeads, weights.kNorm);
    rotate(spec, q, T, heads);
    rotate(spec, k, T, kvHeads);
    const context = attend(spec, T, spec.attention.windows[layer] ?? null, q, k, clamp(apply('v', y)));
    if (context.length !== T * heads * headDim) throw new Error('context has the wrong size');
    inputs['attn.out'].push(context);
    return apply('attnOut', context);
  };
  const mlp = (y: Float64Array): Float64Array => {
    inputs['mlp.up'].push(y);
    const activation = ACTIVATIONS[spec.mlp.activation];
    const up = apply('up', y);
    const middle =
      spec.mlp.kind === 'plain' ? up.map(activation) : multiply(apply('gate', y).map(activation), up);
    inputs['mlp.down'].push(middle);
    return apply('down', middle);
  };

  switch (spec.wiring) {
    case 'sequential': {
      const middle = add(x, attention(n1(x)));
      return add(middle, mlp(n2(middle)));
    }
    case 'parallel':
      return add(add(x, attention(n1(x))), mlp(n2(x)));
    case 'parallelSharedNorm': {
      const y = n1(x);
      return add(add(x, attention(y)), mlp(y));
    }
    case 'postNorm': {
      const middle = n1(add(x, attention(x)));
      return n2(add(middle, mlp(middle)));
    }
    case 'outputNorm': {
      const middle = add(x, n1(attention(x)));
      return add(middle, n2(mlp(middle)));
    }
  }
}

/** The norm on q or k, [T, count · headDim]. */
function normalizeHeads(
  spec: DecoderSpec,
  x: Float64Array,
  count: number,
  gain: Float32Array | null,
): Float64Array {
  const { headDim: D, qkNorm } = spec.attention;
  if (gain === null) return x;
  switch (qkNorm) {
    case 'none':
      return x;
    case 'whole':
      return normalize(x, spec.norm, { width: count * D, gain, bias: null });
    case 'perHead':
      return normalize(x, spec.norm, { width: D, gain, bias: null });
    case 'perHeadGain':
      return normalize(x, spec.norm, { width: D, gain: null, bias: null }).map(
        (y, i) => y * gain[i % (count * D)]!,
      );
  }
}

function multiply(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value * b[i]!);
}
