/**
 * @file The four roundings that quantizers use (quant-spec.md, part B conventions). `Math.round` is only one of them and the
 * wrong one for most references. All are exact for every finite float64: no intermediate sum is rounded.
 * Results never are −0, because they become integer codes.
 */

/** Name of a rounding rule. */
export type RoundingMode = 'halfToEven' | 'halfAway' | 'halfUp' | 'towardZero';

/** Ties to the even neighbour: torch.round, CUDA `__float2int_rn`, C `rintf`. @param x finite */
export function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  const fraction = x - below; // exact: both are multiples of the same power of two
  if (fraction < 0.5) return below + 0;
  if (fraction > 0.5) return below + 1;
  return below % 2 === 0 ? below + 0 : below + 1;
}

/** Ties away from zero: C `roundf`, numpy-free MLAS. @param x finite */
export function roundHalfAway(x: number): number {
  const size = Math.abs(x);
  const below = Math.floor(size);
  const rounded = size - below >= 0.5 ? below + 1 : below;
  return x < 0 && rounded !== 0 ? -rounded : rounded;
}

/** Ties upward, floor(x + ½): JavaScript's `Math.round`. @param x finite */
export function roundHalfUp(x: number): number {
  const below = Math.floor(x);
  return x - below >= 0.5 ? below + 1 : below + 0;
}

/** Drop the fraction: a C cast to int, as in ggml's `(int)(x/d + 8.5)`. @param x finite */
export function roundTowardZero(x: number): number {
  return Math.trunc(x) + 0;
}

/** The rounding rules by name. */
export const ROUNDING: Readonly<Record<RoundingMode, (x: number) => number>> = {
  halfToEven: roundHalfToEven,
  halfAway: roundHalfAway,
  halfUp: roundHalfUp,
  towardZero: roundTowardZero,
};
