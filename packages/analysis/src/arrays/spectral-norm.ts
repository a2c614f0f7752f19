/**
 * @file The largest singular value by power iteration v ← Wᵀ W v that keeps its iterates: the estimate is the best one that any of their
 * combinations gives (Lanczos, with full reorthogonalization). Plain power iteration needs hundreds of steps where the leading singular
 * values lie close together, as they do in random matrices; this needs tens. All sums are in float64.
 */
import { createRng } from '@bitcliff/core';
import type { Matrix } from '@bitcliff/kernels';

/** Options of {@link spectralNorm}. */
export interface SpectralNormOptions {
  /** Relative distance from a singular value at which to stop. @default 1e-5 */
  readonly tolerance?: number;
  /** Products with Wᵀ W at most. @default 300 */
  readonly maxIterations?: number;
  /** Of the first vector. @default 0 */
  readonly seed?: number;
}

/** A spectral norm, with how far to trust it. */
export interface SpectralNorm {
  /** ‖W‖₂. */
  readonly norm: number;
  readonly iterations: number;
  /** Bound on |norm − nearest singular value| / norm, from the residual ‖Wᵀ W v − norm² v‖. */
  readonly errorBound: number;
  /** `errorBound` came below the tolerance. */
  readonly converged: boolean;
}

/** Largest singular value of a matrix. @param W finite, row-major */
export function spectralNorm(W: Matrix, options: SpectralNormOptions = {}): SpectralNorm {
  const { tolerance = 1e-5, maxIterations = 300, seed = 0 } = options;
  const n = Math.min(W.rows, W.columns); // the side on which the iterates live
  const rng = createRng(seed);
  let v = Float64Array.from({ length: n }, () => rng.normal());
  scale(v, 1 / norm(v));
  const iterates = [v];
  const alpha: number[] = [];
  const beta: number[] = [];
  let best = { theta: 0, last: 1 };
  for (let k = 1; ; k++) {
    const z = applySquare(W, v);
    alpha.push(dot(v, z));
    // twice: once leaves rounding errors of the size of what was taken away
    for (let pass = 0; pass < 2; pass++) for (const u of iterates) subtract(z, u, dot(u, z));
    const length = norm(z);
    best = largestRitz(alpha, beta);
    const errorBound = best.theta === 0 ? 0 : (length * best.last) / (2 * best.theta);
    const isExact = k === n || length <= 1e-14 * best.theta;
    if (isExact || errorBound <= tolerance || k === maxIterations) {
      const bound = isExact ? 0 : errorBound;
      return { norm: Math.sqrt(best.theta), iterations: k, errorBound: bound, converged: bound <= tolerance };
    }
    scale(z, 1 / length);
    beta.push(length);
    iterates.push(z);
    v = z;
  }
}

/** W Wᵀ v or Wᵀ W v, whichever is smaller. */
function applySquare({ data, rows, columns }: Matrix, v: Float64Array): Float64Array<ArrayBuffer> {
  const short = Math.min(rows, columns);
  const result = new Float64Array(short);
  if (rows > columns) {
    // Wᵀ (W v), one row at a time
    for (let i = 0, at = 0; i < rows; i++, at += columns) {
      let y = 0;
      for (let j = 0; j < columns; j++) y += data[at + j]! * v[j]!;
      for (let j = 0; j < columns; j++) result[j]! += y * data[at + j]!;
    }
    return result;
  }
  const y = new Float64Array(columns); // Wᵀ v
  for (let i = 0, at = 0; i < rows; i++, at += columns) {
    const vi = v[i]!;
    for (let j = 0; j < columns; j++) y[j]! += vi * data[at + j]!;
  }
  for (let i = 0, at = 0; i < rows; i++, at += columns) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += data[at + j]! * y[j]!;
    result[i] = sum;
  }
  return result;
}

/**
 * Largest eigenvalue of the symmetric tridiagonal matrix T, by bisection on the signs of the pivots of T − x, and the size of the last
 * component of its eigenvector, by inverse iteration.
 */
function largestRitz(alpha: readonly number[], beta: readonly number[]): { theta: number; last: number } {
  const k = alpha.length;
  const pivots = (x: number): number[] => {
    const d: number[] = [];
    for (let i = 0; i < k; i++) d.push(alpha[i]! - x - (i === 0 ? 0 : beta[i - 1]! ** 2 / d[i - 1]!));
    return d;
  };
  let low = 0;
  let high = Math.max(...alpha.map((a, i) => a + (beta[i - 1] ?? 0) + (beta[i] ?? 0))) * (1 + 1e-12);
  if (high === 0) return { theta: 0, last: 0 };
  while (high - low > 1e-14 * high) {
    const middle = (low + high) / 2;
    if (pivots(middle).every((d) => d < 0)) high = middle;
    else low = middle;
  }
  const d = pivots(high); // all negative: elimination is stable
  let x = new Float64Array(k).fill(1);
  for (let step = 0; step < 3; step++) {
    for (let i = 1; i < k; i++) x[i]! -= (beta[i - 1]! / d[i - 1]!) * x[i - 1]!;
    for (let i = k - 1; i >= 0; i--) x[i] = (x[i]! - (i + 1 < k ? beta[i]! * x[i + 1]! : 0)) / d[i]!;
    x = x.map((value) => value / norm(x));
  }
  return { theta: high, last: Math.abs(x[k - 1]!) };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));

function scale(a: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i]! *= factor;
}

function subtract(a: Float64Array, b: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i]! -= factor * b[i]!;
}
