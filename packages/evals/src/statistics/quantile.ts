import { InvalidInputError } from '@bitcliff/core';

/**
 * Quantile by linear interpolation at f·(n − 1), as llama.cpp's `percentile` and numpy's default.
 * @param sorted ascending, at least one @param f in [0, 1]
 * @throws {InvalidInputError} on an empty list or an `f` outside [0, 1]
 */
export function quantile(sorted: ArrayLike<number>, f: number): number {
  if (sorted.length === 0 || !(f >= 0 && f <= 1)) {
    throw new InvalidInputError({
      op: 'quantile',
      problem: 'no quantile',
      expected: 'at least 1 value and a fraction in [0, 1]',
      received: `${sorted.length} values and ${f}`,
    });
  }
  const place = f * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low === high ? low : low + (place - below) * (high - low);
}
