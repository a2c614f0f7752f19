/**
 * @file The decoder of Hugging Face `LlamaForCausalLM` in jax-js: RMSNorm, rotary positions (rotate-half), grouped-query
 * attention, SwiGLU, no biases, tied embeddings.
 * jax-js counts references: a function consumes each array it is given, `.ref` keeps one alive for another use.
 * Shapes: B rows, T tokens, D hidden, N query heads, K key/value heads, H head size, V pieces.
 */
import type { Rng } from '@bitcliff/core';
import { nn, numpy as np } from '@jax-js/jax';

/** Sizes of a Llama model; field names are those of `config.json` in camelCase. */
export interface ModelConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly numKeyValueHeads: number;
  readonly headDim: number;
  readonly maxPositionEmbeddings: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
}

/** Weights of one decoder block; linear weights are [out, in]. */
export type LayerParams = {
  inputNorm: np.Array;
  q: np.Array;
  k: np.Array;
  v: np.Array;
  o: np.Array;
  postNorm: np.Array;
  gate: np.Array;
  up: np.Array;
  down: np.Array;
};

/** All weights; the output layer is the embedding. */
export type Params = { embed: np.Array; layers: LayerParams[]; norm: np.Array };

/**
 * Fresh weights: normal, norms one. Deviations were chosen by trial: with 0.02 for every matrix the heads need about three
 * times as many tokens before they begin to look facts up.
 */
export function initParams(config: ModelConfig, rng: Rng): Params {
  const { vocabSize, hiddenSize: D, intermediateSize: F, numHiddenLayers, headDim: H } = config;
  const qSize = config.numAttentionHeads * H;
  const kvSize = config.numKeyValueHeads * H;
  const matrix = (out: number, size: number, deviation: number): np.Array =>
    np.array(Float32Array.from({ length: out * size }, () => rng.normal() * deviation)).reshape([out, size]);
  const residual = 1 / Math.sqrt(2 * numHiddenLayers); // outputs into the residual stream, as in GPT-2
  const layer = (): LayerParams => ({
    inputNorm: np.ones([D]),
    q: matrix(qSize, D, 0.08),
    k: matrix(kvSize, D, 0.08),
    v: matrix(kvSize, D, 0.04),
    o: matrix(D, qSize, 0.04 * residual),
    postNorm: np.ones([D]),
    gate: matrix(F, D, 0.02),
    up: matrix(F, D, 0.02),
    down: matrix(D, F, 0.02 * residual),
  });
  return {
    embed: matrix(vocabSize, D, 0.05),
    layers: Array.from({ length: numHiddenLayers }, layer),
    norm: np.ones([D]),
  };
}

/** x·rsqrt(mean(x²) + eps)·weight over the last axis. */
function rmsNorm(x: np.Array, weight: np.Array, eps: number): np.Array {
  const meanSquare = np.mean(np.square(x.ref), -1, { keepdims: true });
  return x.div(np.sqrt(meanSquare.add(eps))).mul(weight);
}

/** Cosines and sines of the rotary angles, each [1, T, 1, H]; the two halves of H repeat the same frequencies. */
function rotaryTables(config: ModelConfig, T: number): { cos: np.Array; sin: np.Array } {
  const { headDim: H, ropeTheta } = config;
  const angles = Float32Array.from({ length: T * H }, (_, i) => {
    const [t, h] = [Math.floor(i / H), i % (H / 2)];
    return t * ropeTheta ** ((-2 * h) / H);
  });
  const shape = [1, T, 1, H];
  return {
    cos: np.array(angles.map(Math.cos)).reshape(shape),
    sin: np.array(angles.map(Math.sin)).reshape(shape),
  };
}

/** x·cos + rotateHalf(x)·sin, with rotateHalf([a, b]) = [−b, a]. @param x [B, T, heads, H] */
function rotate(x: np.Array, cos: np.Array, sin: np.Array): np.Array {
  const half = x.shape[3]! / 2;
  const a = x.ref.slice([], [], [], [0, half]);
  const b = x.ref.slice([], [], [], [half]);
  return x.mul(cos).add(np.concatenate([b.neg(), a], -1).mul(sin));
}

/** x·Wᵀ. @param x [B, T, in] @param W [out, in] */
function linear(x: np.Array, W: np.Array): np.Array {
  return np.matmul(x, W.transpose());
}

function attention(
  x: np.Array,
  p: LayerParams,
  config: ModelConfig,
  cos: np.Array,
  sin: np.Array,
  mask: np.Array,
): np.Array {
  const [B, T] = x.shape as [number, number, number];
  const { numAttentionHeads: N, numKeyValueHeads: K, headDim: H } = config;
  const q = rotate(linear(x.ref, p.q).reshape([B, T, N, H]), cos.ref, sin.ref);
  const k = rotate(linear(x.ref, p.k).reshape([B, T, K, H]), cos, sin);
  const v = linear(x, p.v).reshape([B, T, K, H]);
  const mixed = nn.dotProductAttention(q, k, v, { mask }); // [B, T, N, H]
  return linear(mixed.reshape([B, T, N * H]), p.o);
}

/**
 * Logits of every position. Consumes its arguments.
 * @param params weights
 * @param tokens i32[B, T], T ≤ maxPositionEmbeddings
 * @param texts i32[B, T], the number of the text in its row that each token belongs to; tokens see their own text only.
 * Rotary positions are relative, so texts after another in a row score as texts in rows of their own
 * @returns f32[B, T, V]
 */
export function forward(params: Params, tokens: np.Array, texts: np.Array, config: ModelConfig): np.Array {
  const [B, T] = tokens.shape as [number, number];
  const { cos, sin } = rotaryTables(config, T);
  const sameText = texts.ref.reshape([B, 1, T, 1]).equal(texts.reshape([B, 1, 1, T]));
  const causal = np.tri(T, T, 0, { dtype: np.bool });
  const mask = np.where(causal, sameText, false); // [B, 1, T, T]
  // a gather, not a product with one-hot rows: jax-js fuses the RMSNorm gradient into that product's and recomputes it
  let x = np.take(params.embed.ref, tokens, 0); // [B, T, D]
  for (const p of params.layers) {
    x = x.ref.add(
      attention(rmsNorm(x, p.inputNorm, config.rmsNormEps), p, config, cos.ref, sin.ref, mask.ref),
    );
    const h = rmsNorm(x.ref, p.postNorm, config.rmsNormEps);
    x = x.add(linear(nn.silu(linear(h.ref, p.gate)).mul(linear(h, p.up)), p.down));
  }
  cos.dispose();
  sin.dispose();
  mask.dispose();
  return linear(rmsNorm(x, params.norm, config.rmsNormEps), params.embed);
}

/**
 * Mean cross-entropy in nats over the targets whose weight is not zero. Consumes its arguments.
 * @param tokens i32[B, T]  @param texts i32[B, T]  @param targets i32[B, T]  @param weights f32[B, T]
 */
export function loss(
  params: Params,
  tokens: np.Array,
  texts: np.Array,
  targets: np.Array,
  weights: np.Array,
  config: ModelConfig,
): np.Array {
  const logProbs = nn.logSoftmax(forward(params, tokens, texts, config), -1);
  const picked = np.sum(logProbs.mul(nn.oneHot(targets, config.vocabSize)), -1); // [B, T]
  const count = np.sum(weights.ref);
  return np.sum(picked.mul(weights)).neg().div(count);
}

/** Number of weights. */
export function parameterCount(config: ModelConfig): number {
  const { vocabSize, hiddenSize: D, intermediateSize: F, headDim: H } = config;
  const heads = config.numAttentionHeads + config.numKeyValueHeads;
  return vocabSize * D + D + config.numHiddenLayers * (2 * D + 2 * D * heads * H + 3 * D * F);
}
