/**
 * @file A plain float64 forward pass of one sequence: the oracle of the tests, written for reading. It shares with the engine the
 * reading of weights and the rotary frequencies, and nothing else; recipes are applied in float64 (fake quantization).
 */
import { roundHalfToEven } from '@bitcliff/core';
import type { ActivationScheme, LinearPolicy, ModuleRole, Recipe, WeightScheme } from '@bitcliff/quantize';
import type { Checkpoint } from '../checkpoint.ts';
import { inverseFrequencies } from '../rotary.ts';
import { type FloatLinear, readBlock, readEmbedding, readHead } from '../weights.ts';

/** Everything the pass saw, row-major by token. T tokens, H hidden. */
export interface ReferenceTrace {
  /** Input of the first block, [T × H]. */
  readonly embed: Float64Array;
  /** Residual stream behind each block, [T × H]. */
  readonly blockOut: Float64Array[];
  /** Inputs of the linear layers of each role, per block. */
  readonly inputs: Record<ModuleRole, Float64Array[]>;
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
  const H = spec.hiddenSize;
  const embedding = await readEmbedding(checkpoint);
  const embed = new Float64Array(T * H);
  for (const [t, token] of tokens.entries()) embed.set(embedding.subarray(token * H, (token + 1) * H), t * H);

  const inputs: ReferenceTrace['inputs'] = { 'attn.qkv': [], 'attn.out': [], 'mlp.up': [], 'mlp.down': [] };
  const blockOut: Float64Array[] = [];
  let x: Float64Array = embed;
  for (let layer = 0; layer < spec.layers; layer++) {
    const { norms, linears } = await readBlock(checkpoint, layer);
    const apply = (place: string, input: Float64Array): Float64Array => {
      const linear = linears.find(({ module }) => module.place === place)!;
      return referenceLinear(input, T, linear, recipe?.roles[linear.module.role] ?? null);
    };
    const a = rmsNorm(x, norms.attention, spec.norm.epsilon);
    const context = attention(checkpoint, T, apply('q', a), apply('k', a), apply('v', a));
    x = add(x, apply('attnOut', context));
    const m = rmsNorm(x, norms.mlp, spec.norm.epsilon);
    const gate = apply('gate', m);
    const up = apply('up', m);
    const product = up.map((u, i) => (gate[i]! / (1 + Math.exp(-gate[i]!))) * u);
    x = add(x, apply('down', product));
    blockOut.push(x);
    inputs['attn.qkv'].push(a);
    inputs['attn.out'].push(context);
    inputs['mlp.up'].push(m);
    inputs['mlp.down'].push(product);
  }

  const head = await readHead(checkpoint);
  const finalNorm = rmsNorm(x, head.finalNorm, spec.norm.epsilon);
  const logits = matmul(finalNorm, T, H, head.projection, spec.vocabularySize);
  return { embed, blockOut, inputs, finalNorm, logits };
}

/** X [T, in] · W [in, out] + b with the policy's fake quantization. */
export function referenceLinear(
  x: Float64Array,
  T: number,
  { weight, bias }: Pick<FloatLinear, 'weight' | 'bias'>,
  policy: LinearPolicy | null,
): Float64Array {
  const K = weight.rows;
  const N = weight.columns;
  const w = policy === null ? weight.data : fakeQuantizeColumns(weight.data, K, N, policy.weights);
  const input = policy?.activations ? fakeQuantizeRows(x, T, K, policy.activations) : x;
  const y = matmul(input, T, K, w, N);
  if (bias !== null) for (let i = 0; i < y.length; i++) y[i]! += bias[i % N]!;
  return y;
}

function matmul(
  x: Float64Array,
  T: number,
  K: number,
  w: Float32Array | Float64Array,
  N: number,
): Float64Array {
  const y = new Float64Array(T * N);
  for (let t = 0; t < T; t++) {
    for (let k = 0; k < K; k++) {
      const a = x[t * K + k]!;
      for (let n = 0; n < N; n++) y[t * N + n]! += a * w[k * N + n]!;
    }
  }
  return y;
}

function fakeQuantizeColumns(w: Float32Array, K: number, N: number, { bits }: WeightScheme): Float64Array {
  const out = Float64Array.from(w);
  for (let n = 0; n < N; n++) {
    let absmax = 0;
    for (let k = 0; k < K; k++) absmax = Math.max(absmax, Math.abs(out[k * N + n]!));
    const s = absmax / (2 ** (bits - 1) - 1);
    for (let k = 0; k < K; k++) out[k * N + n] = s === 0 ? 0 : s * roundHalfToEven(out[k * N + n]! / s);
  }
  return out;
}

function fakeQuantizeRows(x: Float64Array, T: number, K: number, { bits }: ActivationScheme): Float64Array {
  const out = new Float64Array(x.length);
  for (let t = 0; t < T; t++) {
    const row = x.subarray(t * K, (t + 1) * K);
    const s = row.reduce((max, v) => Math.max(max, Math.abs(v)), 0) / (2 ** (bits - 1) - 1);
    for (let k = 0; k < K; k++) out[t * K + k] = s === 0 ? 0 : s * roundHalfToEven(row[k]! / s);
  }
  return out;
}

function rmsNorm(x: Float64Array, gain: Float32Array, epsilon: number): Float64Array {
  const H = gain.length;
  const out = new Float64Array(x.length);
  for (let i = 0; i < x.length; i += H) {
    let sum = 0;
    for (let h = 0; h < H; h++) sum += x[i + h]! ** 2;
    const inverse = 1 / Math.sqrt(sum / H + epsilon);
    for (let h = 0; h < H; h++) out[i + h] = x[i + h]! * inverse * gain[h]!;
  }
  return out;
}

function attention(
  { spec }: Checkpoint,
  T: number,
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
): Float64Array {
  const { heads, kvHeads, headDim: D } = spec.attention;
  rotate(spec, q, T, heads);
  rotate(spec, k, T, kvHeads);
  const out = new Float64Array(T * heads * D);
  for (let h = 0; h < heads; h++) {
    const g = Math.floor(h / (heads / kvHeads));
    for (let t = 0; t < T; t++) {
      const scores = new Float64Array(t + 1);
      for (let u = 0; u <= t; u++) {
        for (let d = 0; d < D; d++) scores[u]! += q[(t * heads + h) * D + d]! * k[(u * kvHeads + g) * D + d]!;
      }
      const max = scores.reduce((m, s) => Math.max(m, s / Math.sqrt(D)), Number.NEGATIVE_INFINITY);
      const weights = scores.map((s) => Math.exp(s / Math.sqrt(D) - max));
      const total = weights.reduce((sum, w) => sum + w, 0);
      for (let u = 0; u <= t; u++) {
        for (let d = 0; d < D; d++) {
          out[(t * heads + h) * D + d]! += (weights[u]! / total) * v[(u * kvHeads + g) * D + d]!;
        }
      }
    }
  }
  return out;
}

/** Rotate pairs (d, d + D/2) in place. */
function rotate(spec: Checkpoint['spec'], x: Float64Array, T: number, heads: number): void {
  const D = spec.attention.headDim;
  const frequencies = inverseFrequencies(D, spec.positions.theta, spec.positions.scaling);
  for (let t = 0; t < T; t++) {
    for (let h = 0; h < heads; h++) {
      const at = (t * heads + h) * D;
      for (const [d, frequency] of frequencies.entries()) {
        const a = x[at + d]!;
        const b = x[at + d + D / 2]!;
        const cos = Math.cos(t * frequency);
        const sin = Math.sin(t * frequency);
        x[at + d] = a * cos - b * sin;
        x[at + d + D / 2] = b * cos + a * sin;
      }
    }
  }
}

function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]!);
}
