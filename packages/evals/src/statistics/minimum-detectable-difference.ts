import { InvalidInputError } from '@bitcliff/core';
import { Z_95 } from './paired-difference.ts';

const Z_POWER_80 = 0.8416212335729143; // 80 % quantile of the standard normal

/**
 * Smallest true difference that a paired test of n items finds in 80 % of experiments at the 5 % level: (1.96 + 0.84)·√(Var(d) / n).
 * @param variance of the per-item differences after − before; for right and wrong answers flips − Δ², both as shares
 * @param n items
 * @returns in the unit of the scores
 * @throws {InvalidInputError} on a negative variance or no items
 * @example
 * minimumDetectableDifference(0.06, 1838); // 0.016: 1.6 points on PIQA when 6 % of the answers flip
 */
export function minimumDetectableDifference(variance: number, n: number): number {
  if (!(variance >= 0) || !Number.isSafeInteger(n) || n < 1) {
    throw new InvalidInputError({
      op: 'minimumDetectableDifference',
      problem: 'bad arguments',
      expected: 'a variance of at least 0 and at least 1 item',
      received: `${variance} and ${n}`,
    });
  }
  return (Z_95 + Z_POWER_80) * Math.sqrt(variance / n);
}
