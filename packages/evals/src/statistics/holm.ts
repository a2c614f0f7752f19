import { InvalidInputError } from '@bitcliff/core';

/**
 * Holm's step-down correction: p-values that may be compared with one level however many tests there are.
 * Adjusted p of rank k (from 0) = max over ranks up to k of min(1, (m − rank)·p).
 * @param pValues each in [0, 1]
 * @returns adjusted p-values in the given order; a test is significant at α when its value is ≤ α
 * @throws {InvalidInputError} on a p-value outside [0, 1]
 * @example
 * holm([0.01, 0.04, 0.03]); // [0.03, 0.06, 0.06]
 * @see Holm 1979
 */
export function holm(pValues: readonly number[]): number[] {
  for (const [i, p] of pValues.entries()) {
    if (p >= 0 && p <= 1) continue;
    throw new InvalidInputError({
      op: 'holm',
      problem: 'bad p-value',
      expected: 'a number in [0, 1]',
      received: p,
      where: `test ${i}`,
    });
  }
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length).fill(0);
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[i]!));
    adjusted[i] = largest;
  }
  return adjusted;
}
