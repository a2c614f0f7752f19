import { InvalidInputError } from '@bitcliff/core';

/**
 * Arithmetic mean, summed left to right.
 * @param values at least one number
 * @throws {InvalidInputError} on an empty list
 */
export function mean(values: readonly number[]): number {
  if (values.length === 0) {
    throw new InvalidInputError({ op: 'mean', problem: 'no values', expected: 'at least 1', received: 0 });
  }
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/**
 * Standard error of the mean, sqrt(Σ(x − x̄)² / (n − 1)) / sqrt(n).
 * @returns in the unit of the values; null for n ≤ 1, where the harness prints "N/A"
 * @example
 * meanStderr([1, 0, 1, 1, 0, 1, 0, 1, 1, 1]); // 0.15275252316519466
 * @see lm_eval/api/metrics.py `mean_stderr` @ 4e7e0d47
 */
export function meanStderr(values: readonly number[]): number | null {
  if (values.length <= 1) return null;
  const center = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - center) ** 2;
  return Math.sqrt(squares / (values.length - 1)) / Math.sqrt(values.length);
}
