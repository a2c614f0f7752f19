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
function applySquare(W: Matrix, v: Float64Array): Float64Array<ArrayBuffer> {
  const { rows, columns } = W;
  const zeros = new Float32Array(columns);
  if (rows > columns) {
    const result = new Float64Array(columns);
    for (let i = 0; i < rows; i += 4) {
      const four = fourRows(W, i, zeros);
      addRows(result, four, dots(four, v));
    }
    return result;
  }
  const y = new Float64Array(columns); // Wᵀ v
  for (let i = 0; i < rows; i += 4)
    addRows(y, fourRows(W, i, zeros), [v[i]!, v[i + 1] ?? 0, v[i + 2] ?? 0, v[i + 3] ?? 0]);
  const result = new Float64Array(rows);
  for (let i = 0; i < rows; i += 4)
    for (const [k, sum] of dots(fourRows(W, i, zeros), y).entries()) if (i + k < rows) result[i + k] = sum;
  return result;
}

/** Four rows at a time share what they are multiplied with: twice as fast as one at a time. */
type FourRows = readonly [Float32Array, Float32Array, Float32Array, Float32Array];
type FourNumbers = readonly [number, number, number, number];

/** @param zeros stands in for rows behind the last */
function fourRows({ data, rows, columns }: Matrix, first: number, zeros: Float32Array): FourRows {
  const row = (i: number): Float32Array => (i < rows ? data.subarray(i * columns, (i + 1) * columns) : zeros);
  return [row(first), row(first + 1), row(first + 2), row(first + 3)];
}

function dots([a, b, c, d]: FourRows, v: Float64Array): FourNumbers {
  let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
  for (let j = 0; j < v.length; j++) {
    const x = v[j]!;
    sumA += a[j]! * x;
    sumB += b[j]! * x;
    sumC += c[j]! * x;
    sumD += d[j]! * x;
  }
  return [sumA, sumB, sumC, sumD];
}

/** into += Σ factor · row */
function addRows(into: Float64Array, [a, b, c, d]: FourRows, [wa, wb, wc, wd]: FourNumbers): void {
  for (let j = 0; j < into.length; j++) into[j]! += wa * a[j]! + wb * b[j]! + wc * c[j]! + wd * d[j]!;
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
