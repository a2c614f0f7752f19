/**
 * @file The search for scale and minimum of one sub-block of Q4_K and Q5_K. For each inverse scale of a grid: round all
 * elements to codes, solve the weighted least squares problem x ≈ scale · code + min for these codes, and keep the codes with
 * the least weighted squared error. The minimum is never positive. Every step is rounded to float32, as in ggml.
 * @see ggml-quants.c, make_qkx2_quants @ d99724f2, with use_mad false
 */
import { nearestInt } from './f32-math.ts';

const fround = Math.fround;

/** Elements of a sub-block. */
export const SUB_BLOCK = 32;

/** The grid of inverse scales: (maxCode + first + k · 0.1) / (max − min) for k = 0 … steps, min being the best so far. */
export interface ScaleGrid {
  /** Largest code, 15 or 31. */
  readonly maxCode: number;
  readonly first: number;
  readonly steps: number;
}

const STEP = fround(0.1);

const trial = new Uint8Array(SUB_BLOCK);

/**
 * @param values f32[…], the sub-block starts at `from`  @param weights f32[32], the weight of each element's squared error
 * @param codes the codes are written to [codesAt, codesAt + 32)  @param mins minus the minimum, ≥ 0, is written to `mins[j]`
 * @returns the scale, float32; 0 when the sub-block is constant and not positive
 */
export function fitScaleMin(
  values: Float32Array,
  from: number,
  weights: Float32Array,
  grid: ScaleGrid,
  codes: Uint8Array,
  codesAt: number,
  mins: Float32Array,
  j: number,
): number {
  const { maxCode, first, steps } = grid;
  let min = values[from]!;
  let max = min;
  let sumW = 0; // Σ w, then Σ w x
  let sumWX = 0;
  for (let i = 0; i < SUB_BLOCK; i++) {
    const x = values[from + i]!;
    if (x < min) min = x;
    if (x > max) max = x;
    const w = weights[i]!;
    sumW = fround(sumW + w);
    sumWX = fround(sumWX + fround(w * x));
  }
  if (min > 0) min = 0;
  if (max === min) {
    codes.fill(0, codesAt, codesAt + SUB_BLOCK);
    mins[j] = -min;
    return 0;
  }
  let inverse = fround(maxCode / fround(max - min));
  let scale = fround(1 / inverse);
  for (let i = 0; i < SUB_BLOCK; i++) trial[i] = codeOf(values[from + i]!, inverse, min, maxCode);
  let bestError = squaredError(values, from, weights, scale, min, Number.POSITIVE_INFINITY);
  codes.set(trial, codesAt);
  for (let k = 0; k <= steps; k++) {
    // from the best minimum so far, not from the smallest element: an improvement moves the trials after it
    inverse = fround(fround(fround(first + fround(STEP * k)) + maxCode) / fround(max - min));
    let sumL = 0; // Σ w l, Σ w l², Σ w l x
    let sumLL = 0;
    let sumLX = 0;
    for (let i = 0; i < SUB_BLOCK; i++) {
      const x = values[from + i]!;
      const l = codeOf(x, inverse, min, maxCode);
      trial[i] = l;
      const wl = fround(weights[i]! * l);
      sumL = fround(sumL + wl);
      sumLL = fround(sumLL + fround(wl * l));
      sumLX = fround(sumLX + fround(wl * x));
    }
    const determinant = fround(fround(sumW * sumLL) - fround(sumL * sumL));
    if (!(determinant > 0)) continue;
    let trialScale = fround(fround(fround(sumW * sumLX) - fround(sumWX * sumL)) / determinant);
    let trialMin = fround(fround(fround(sumLL * sumWX) - fround(sumL * sumLX)) / determinant);
    if (trialMin > 0) {
      trialMin = 0;
      trialScale = fround(sumLX / sumLL);
    }
    const error = squaredError(values, from, weights, trialScale, trialMin, bestError);
    if (!(error < bestError)) continue;
    codes.set(trial, codesAt);
    bestError = error;
    scale = trialScale;
    min = trialMin;
  }
  mins[j] = -min;
  return scale;
}

function codeOf(x: number, inverse: number, min: number, maxCode: number): number {
  return Math.max(0, Math.min(maxCode, nearestInt(fround(inverse * fround(x - min)))));
}

/** Σ w (scale · code + min − x)² over the trial codes; a part of the sum when that is `enough`, for it cannot shrink. */
function squaredError(
  values: Float32Array,
  from: number,
  weights: Float32Array,
  scale: number,
  min: number,
  enough: number,
): number {
  let sum = 0;
  for (let i = 0; i < SUB_BLOCK; i++) {
    const difference = fround(fround(fround(scale * trial[i]!) + min) - values[from + i]!);
    sum = fround(sum + fround(weights[i]! * fround(difference * difference)));
    if (sum >= enough) break;
  }
  return sum;
}
