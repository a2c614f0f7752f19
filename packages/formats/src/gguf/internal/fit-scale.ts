/**
 * @file The search for the scale of one sub-block of Q6_K: codes in [−32, 31] and no minimum. For each of 19 inverse scales
 * around −32 / (element of largest magnitude): round to codes, solve x ≈ scale · code by least squares with weights x², and
 * keep the codes that explain most. Every step is rounded to float32, as in ggml.
 * @see ggml-quants.c, make_qx_quants @ d99724f2, with rmse_type 1 and no weights given
 */
import { nearestInt, signedExtreme } from './f32-math.ts';

const fround = Math.fround;

/** Elements of a sub-block. */
export const SUB_BLOCK_6 = 16;

/** Below this magnitude a group counts as zero. */
export const GROUP_EPSILON: number = fround(1e-15); // ggml-quants.c, GROUP_MAX_EPS

const CODES = 32; // codes on each side of zero
const STEP = fround(0.1);
const SIDE_STEPS = 9;

const trial = new Int8Array(SUB_BLOCK_6);
const sums = new Float32Array(2); // Σ w x l and Σ w l² of the trial

/**
 * @param values f32[…], the sub-block starts at `from`  @param codes code + 32 of each element is written to [codesAt, codesAt + 16)
 * @returns the scale, float32, of either sign; 0 (and codes 0) when the sub-block is all but zero
 */
export function fitScale(values: Float32Array, from: number, codes: Uint8Array, codesAt: number): number {
  const extreme = signedExtreme(values, from, SUB_BLOCK_6);
  if (Math.abs(extreme) < GROUP_EPSILON) {
    codes.fill(0, codesAt, codesAt + SUB_BLOCK_6);
    return 0;
  }
  roundToCodes(values, from, fround(-CODES / extreme));
  let scale = sums[1]! !== 0 ? fround(sums[0]! / sums[1]!) : 0;
  let best = fround(scale * sums[0]!);
  keep(codes, codesAt);
  for (let k = -SIDE_STEPS; k <= SIDE_STEPS; k++) {
    if (k === 0) continue;
    roundToCodes(values, from, fround(-fround(CODES + fround(STEP * k)) / extreme));
    const sumLX = sums[0]!;
    const sumLL = sums[1]!;
    if (!(sumLL > 0 && fround(sumLX * sumLX) > fround(best * sumLL))) continue;
    keep(codes, codesAt);
    scale = fround(sumLX / sumLL);
    best = fround(scale * sumLX);
  }
  return scale;
}

/** Fill `trial` and `sums`. */
function roundToCodes(values: Float32Array, from: number, inverse: number): void {
  let sumLX = 0;
  let sumLL = 0;
  for (let i = 0; i < SUB_BLOCK_6; i++) {
    const x = values[from + i]!;
    const l = Math.max(-CODES, Math.min(CODES - 1, nearestInt(fround(inverse * x))));
    trial[i] = l;
    const w = fround(x * x);
    sumLX = fround(sumLX + fround(fround(w * x) * l));
    sumLL = fround(sumLL + fround(fround(w * l) * l));
  }
  sums[0] = sumLX;
  sums[1] = sumLL;
}

function keep(codes: Uint8Array, codesAt: number): void {
  for (let i = 0; i < SUB_BLOCK_6; i++) codes[codesAt + i] = trial[i]! + CODES;
}
