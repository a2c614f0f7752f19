/** @file Float64 arithmetic of the oracle, one plain function each. Matrices are row-major. */
import { InternalError, roundHalfToEven } from '@bitcliff/core';
import type { ActivationScheme, LinearPolicy } from '@bitcliff/quantize';
import { alibiSlopes } from '../alibi.ts';
import type { Activation, DecoderSpec, NormSpec } from '../decoder-spec.ts';
import { inverseFrequencies, rotaryMagnitude } from '../rotary.ts';
import type { FloatLinear, NormWeights } from '../weights.ts';

/** X [T, K] · Wᵀ, W [N, K]. */
export function project(
  x: Float64Array,
  T: number,
  K: number,
  w: Float32Array | Float64Array,
  N: number,
): Float64Array {
  const y = new Float64Array(T * N);
  for (let t = 0; t < T; t++) {
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += x[t * K + k]! * w[n * K + k]!;
      y[t * N + n] = sum;
    }
  }
  return y;
}

/** X [T, in] · Wᵀ + b with the policy's fake quantization. */
export function referenceLinear(
  x: Float64Array,
  T: number,
  { weight, bias, module }: FloatLinear,
  policy: LinearPolicy | null,
): Float64Array {
  const { inFeatures: K, outFeatures: N } = module;
  const w = policy === null ? weight : fakeQuantizeOutputs(weight, K, N, policy);
  const input = policy?.activations ? fakeQuantizeRows(x, T, K, policy.activations) : x;
  const y = project(input, T, K, w, N);
  if (bias !== null) for (let i = 0; i < y.length; i++) y[i]! += bias[i % N]!;
  return y;
}

function fakeQuantizeOutputs(w: Float32Array, K: number, N: number, policy: LinearPolicy): Float64Array {
  const { method, weights: scheme } = policy;
  if (method.name !== 'rtn' || scheme.kind !== 'integer' || scheme.granularity !== 'perColumn')
    throw new InternalError('the oracle rounds each output to nearest, and nothing else');
  const { bits } = scheme;
  const out = Float64Array.from(w);
  for (let n = 0; n < N; n++) {
    const row = out.subarray(n * K, (n + 1) * K);
    const s = row.reduce((max, v) => Math.max(max, Math.abs(v)), 0) / (2 ** (bits - 1) - 1);
    for (let k = 0; k < K; k++) row[k] = s === 0 ? 0 : s * roundHalfToEven(row[k]! / s);
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

/** Norm over runs of `weights.width` numbers. */
export function normalize(x: Float64Array, spec: NormSpec, weights: NormWeights): Float64Array {
  const { width: H, gain, bias } = weights;
  const out = new Float64Array(x.length);
  for (let i = 0; i < x.length; i += H) {
    const row = x.subarray(i, i + H);
    const mean = spec.kind === 'layer' ? row.reduce((sum, v) => sum + v, 0) / H : 0;
    const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / H;
    const inverse = 1 / Math.sqrt(variance + spec.epsilon);
    for (let h = 0; h < H; h++) out[i + h] = (row[h]! - mean) * inverse * (gain?.[h] ?? 1) + (bias?.[h] ?? 0);
  }
  return out;
}

/** Error function by its series or, far out, by the continued fraction of erfc; absolute error below 1e-14. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 3) {
    let fraction = 0;
    for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
    return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + fraction)));
  }
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** The activations by name. */
export const ACTIVATIONS: Readonly<Record<Activation, (x: number) => number>> = {
  silu: (x) => x / (1 + Math.exp(-x)),
  relu: (x) => Math.max(0, x),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  geluTanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

/** Rotate the heads of x [T, count, headDim] in place. */
export function rotate(spec: DecoderSpec, x: Float64Array, T: number, count: number): void {
  const { positions } = spec;
  if (positions.kind !== 'rotary') return;
  const D = spec.attention.headDim;
  const frequencies = inverseFrequencies(positions.dims, positions.theta, positions.scaling, T);
  const magnitude = rotaryMagnitude(positions.scaling);
  for (let t = 0; t < T; t++) {
    for (let h = 0; h < count; h++) {
      const at = (t * count + h) * D;
      for (const [d, frequency] of frequencies.entries()) {
        const i = at + (positions.interleaved ? 2 * d : d);
        const j = positions.interleaved ? i + 1 : i + positions.dims / 2;
        const [a, b] = [x[i]!, x[j]!];
        const [cos, sin] = [Math.cos(t * frequency) * magnitude, Math.sin(t * frequency) * magnitude];
        x[i] = a * cos - b * sin;
        x[j] = b * cos + a * sin;
      }
    }
  }
}

/** Causal attention of one sequence. @param q [T, heads, headDim], k and v [T, kvHeads, headDim]  @returns [T, heads, headDim] */
export function attend(
  spec: DecoderSpec,
  T: number,
  window: number | null,
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
): Float64Array {
  const { heads, kvHeads, headDim: D } = spec.attention;
  const slopes = spec.positions.kind === 'alibi' ? alibiSlopes(heads) : null;
  const out = new Float64Array(T * heads * D);
  for (let h = 0; h < heads; h++) {
    const g = Math.floor(h / (heads / kvHeads));
    for (let t = 0; t < T; t++) {
      const first = window === null ? 0 : Math.max(0, t - window + 1);
      const scores: number[] = [];
      for (let u = first; u <= t; u++) {
        let dot = 0;
        for (let d = 0; d < D; d++) dot += q[(t * heads + h) * D + d]! * k[(u * kvHeads + g) * D + d]!;
        scores.push(dot / Math.sqrt(D) + (slopes === null ? 0 : slopes[h]! * (u - t)));
      }
      const max = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - max));
      const total = weights.reduce((sum, w) => sum + w, 0);
      for (let u = first; u <= t; u++) {
        const share = weights[u - first]! / total;
        for (let d = 0; d < D; d++) out[(t * heads + h) * D + d]! += share * v[(u * kvHeads + g) * D + d]!;
      }
    }
  }
  return out;
}

/** a + b. */
export function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]!);
}
