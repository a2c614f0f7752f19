import { InvalidInputError } from '@bitcliff/core';

/** What a set of numbers looks like. Moments are those of the population (divided by n), summed in float64. */
export interface ValueDescription {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly std: number;
  /** m₃ / m₂^1.5; `null` when all values are equal. */
  readonly skew: number | null;
  /** m₄ / m₂², 3 for a normal distribution; `null` when all values are equal. */
  readonly kurtosis: number | null;
}

/**
 * Smallest, largest, mean, standard deviation, skew and kurtosis.
 * @param values at least one, finite
 * @throws {InvalidInputError} for no values, and for one that is not finite
 * @example
 * describeValues([1, 2, 3, 4]).kurtosis; // 1.64
 */
export function describeValues(values: ArrayLike<number>): ValueDescription {
  const count = values.length;
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < count; i++) {
    const x = values[i]!;
    sum += x;
    if (x < min) min = x;
    if (x > max) max = x;
  }
  if (!Number.isFinite(sum) || count === 0) {
    throw new InvalidInputError({
      op: 'describeValues',
      problem: 'nothing that could be described',
      expected: 'at least one value, all of them finite',
      received: count === 0 ? 'none' : 'NaN or an infinity',
    });
  }
  const mean = sum / count;
  let [m2, m3, m4] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const d = values[i]! - mean;
    const d2 = d * d;
    m2 += d2;
    m3 += d2 * d;
    m4 += d2 * d2;
  }
  [m2, m3, m4] = [m2 / count, m3 / count, m4 / count];
  const isFlat = min === max;
  return {
    count,
    min,
    max,
    mean,
    std: isFlat ? 0 : Math.sqrt(m2),
    skew: isFlat ? null : m3 / m2 ** 1.5,
    kurtosis: isFlat ? null : m4 / (m2 * m2),
  };
}
