/** @file Steps that ggml does in float32 and every encoder shares. Arguments are float32 values, results too. */

/** 1 / d, or 0 for a scale of 0 or one so small that the inverse overflows; every such scale is 0 in F16. */
export function inverseOf(d: number): number {
  const inverse = Math.fround(1 / d);
  return inverse - inverse === 0 ? inverse : 0;
}

/** 1.5 · 2^52: adding it leaves no room for a fraction in a float64, so the sum is rounded to an integer, ties to even. */
const ROUNDER = 6755399441055744;

/**
 * Nearest integer, ties to even; what ggml's nearest_int gives by adding 1.5 · 2^23 in float32.
 * @param x |x| ≤ 2^51; ggml's is defined up to 2^22
 */
export function nearestInt(x: number): number {
  return x + ROUNDER - ROUNDER;
}

/** The element of largest magnitude with its sign, the first one when there are several. @param n elements, from `from` */
export function signedExtreme(values: Float32Array, from: number, n: number): number {
  let size = 0;
  let extreme = 0;
  for (let i = from; i < from + n; i++) {
    const x = values[i]!;
    if (Math.abs(x) > size) {
      size = Math.abs(x);
      extreme = x;
    }
  }
  return extreme;
}
