import { InvalidInputError } from '@bitcliff/core';
import { Z_95 } from './paired-difference.ts';

/**
 * Wilson's 95 % interval of a share: for few items, or a share near 0 or 1, where share ± 1.96·SE leaves [0, 1].
 * @param hits in [0, n] @param n items, ≥ 1
 * @throws {InvalidInputError} on other counts
 * @see Wilson 1927
 */
export function wilsonInterval(hits: number, n: number): [number, number] {
  if (!Number.isSafeInteger(n) || n < 1 || !(hits >= 0 && hits <= n)) {
    throw new InvalidInputError({
      op: 'wilsonInterval',
      problem: 'bad counts',
      expected: 'hits in [0, n], n at least 1',
      received: `${hits} of ${n}`,
    });
  }
  const p = hits / n;
  const z2 = Z_95 ** 2;
  const center = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z_95 * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return [Math.max(0, center - half), Math.min(1, center + half)];
}
