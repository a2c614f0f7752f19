import type { ModelConfig } from '../model-config.ts';
import {
  addRef,
  attentionRef,
  crossEntropyRef,
  geluRef,
  layerNormRef,
  linearRef,
  lookUpRef,
  type Matrix,
  rmsNormRef,
  rotateRef,
  splitHeadsRef,
  swiGluRef,
  toMatrix,
  transposeRef,
} from './reference-layers.ts';

/** A weight in float64. */
export interface ReferenceWeight {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** One window of a batch. */
export interface ReferenceWindow {
  readonly tokens: readonly number[];
  readonly documents: readonly number[];
  readonly positions: readonly number[];
  readonly targets: readonly number[];
  readonly weights: readonly number[];
}

/** Logits of a window in float64, a row a token. */
export function referenceLogits(
  params: ReadonlyMap<string, ReferenceWeight>,
  { tokens, documents, positions }: Pick<ReferenceWindow, 'tokens' | 'documents' | 'positions'>,
  config: ModelConfig,
): Matrix {
  const vector = (name: string): Float64Array => params.get(name)!.data;
  const matrix = (name: string): Matrix => toMatrix(vector(name), params.get(name)!.shape[0]!);
  const { heads, layers, normEpsilon: epsilon } = config;
  const headDim = config.hiddenSize / heads;
  if (config.architecture === 'gpt2') {
    const norm = (x: Matrix, name: string): Matrix =>
      layerNormRef(x, vector(`${name}.weight`), vector(`${name}.bias`), epsilon);
    const conv = (x: Matrix, name: string): Matrix =>
      linearRef(x, matrix(`${name}.weight`), vector(`${name}.bias`));
    let x = addRef(
      lookUpRef(matrix('transformer.wte.weight'), tokens),
      lookUpRef(matrix('transformer.wpe.weight'), positions),
    );
    for (let layer = 0; layer < layers; layer++) {
      const block = `transformer.h.${layer}`;
      const qkv = conv(norm(x, `${block}.ln_1`), `${block}.attn.c_attn`);
      const [q, k, v] = [0, 1, 2].map((part) => splitHeadsRef(qkv, heads, headDim, part));
      x = addRef(x, conv(attentionRef(q!, k!, v!, documents), `${block}.attn.c_proj`));
      const wide = geluRef(conv(norm(x, `${block}.ln_2`), `${block}.mlp.c_fc`));
      x = addRef(x, conv(wide, `${block}.mlp.c_proj`));
    }
    return linearRef(norm(x, 'transformer.ln_f'), transposeRef(matrix('lm_head.weight')));
  }
  const norm = (x: Matrix, name: string): Matrix => rmsNormRef(x, vector(`${name}.weight`), epsilon);
  const proj = (x: Matrix, name: string): Matrix => linearRef(x, transposeRef(matrix(`${name}.weight`)));
  const { keyValueHeads, ropeTheta } = config;
  const repeat = (parts: readonly Matrix[]): Matrix[] =>
    parts.flatMap((part) => new Array<Matrix>(heads / keyValueHeads).fill(part));
  let x = lookUpRef(matrix('model.embed_tokens.weight'), tokens);
  for (let layer = 0; layer < layers; layer++) {
    const block = `model.layers.${layer}`;
    const h = norm(x, `${block}.input_layernorm`);
    const split = (name: string, count: number): Matrix[] =>
      splitHeadsRef(proj(h, `${block}.self_attn.${name}`), count, headDim);
    const q = split('q_proj', heads).map((part) => rotateRef(part, ropeTheta));
    const k = split('k_proj', keyValueHeads).map((part) => rotateRef(part, ropeTheta));
    const mixed = attentionRef(q, repeat(k), repeat(split('v_proj', keyValueHeads)), documents);
    x = addRef(x, proj(mixed, `${block}.self_attn.o_proj`));
    const u = norm(x, `${block}.post_attention_layernorm`);
    const wide = swiGluRef(proj(u, `${block}.mlp.gate_proj`), proj(u, `${block}.mlp.up_proj`));
    x = addRef(x, proj(wide, `${block}.mlp.down_proj`));
  }
  return linearRef(norm(x, 'model.norm'), transposeRef(matrix('lm_head.weight')));
}

/** Mean cross-entropy in nats over the targets that count, in float64. */
export function referenceLoss(
  params: ReadonlyMap<string, ReferenceWeight>,
  windows: readonly ReferenceWindow[],
  config: ModelConfig,
): number {
  let [sum, count] = [0, 0];
  for (const window of windows) {
    const logits = referenceLogits(params, window, config);
    sum += crossEntropyRef(logits, window.targets, window.weights);
    count += window.weights.reduce((a, b) => a + b, 0);
  }
  return sum / count;
}
