/** @file One number and its float32 bit pattern, through a pair of one-element arrays over the same memory. */

const number = new Float32Array(1);
const bits = new Uint32Array(number.buffer);

/** The float32 of a bit pattern. */
export function floatOfBits(pattern: number): number {
  bits[0] = pattern;
  return number[0]!;
}

/**
 * The bit pattern of `x` as float32, rounded to odd: an inexact result gets an odd significand.
 * Rounding that to nearest even in a format with at least two bits less gives what rounding `x` itself would give, where
 * float32 rounded to nearest would round twice (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
 */
export function bitsRoundedToOdd(x: number): number {
  number[0] = x;
  const pattern = bits[0]!;
  const nearest = number[0]!;
  if (nearest === x || Number.isNaN(x)) return pattern;
  // step back toward zero when the rounding went away from it; an infinity steps back to the largest float
  const truncated = Math.abs(nearest) > Math.abs(x) ? pattern - 1 : pattern;
  return (truncated | 1) >>> 0;
}
