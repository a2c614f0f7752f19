import { InvalidInputError } from '@bitcliff/core';

/** Bins of equal width. */
export interface HistogramBins {
  readonly min: number;
  /** Above `min`. */
  readonly max: number;
  /** 1 to 65,536. */
  readonly bins: number;
}

/** Counts in bins of equal width; each holds its lower edge, the last one also the upper. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly counts: readonly number[];
  /** Values outside the bins. */
  readonly below: number;
  readonly above: number;
}

const MAX_BINS = 65_536;

/**
 * Count values in bins. For histograms of several variants that can be laid over each other, give all of them the bins of {@link sharedBins}, or
 * any fixed ones.
 * @param values finite
 * @throws {InvalidInputError} for bins that are none
 */
export function histogram(values: ArrayLike<number>, { min, max, bins }: HistogramBins): Histogram {
  if (!(Number.isInteger(bins) && bins >= 1 && bins <= MAX_BINS && max > min && Number.isFinite(max - min))) {
    throw new InvalidInputError({
      op: 'histogram',
      problem: 'bad bins',
      expected: `1 to ${MAX_BINS} bins and max > min, both finite`,
      received: `${bins} bins from ${min} to ${max}`,
    });
  }
  const counts = new Array<number>(bins).fill(0);
  const scale = bins / (max - min);
  let [below, above] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (x < min) below++;
    else if (x > max) above++;
    else counts[Math.min(bins - 1, Math.floor((x - min) * scale))]!++;
  }
  return { min, max, counts, below, above };
}

/**
 * Bins from the smallest to the largest value of several arrays; around a single value, bins of width 1 in all.
 * @param variants at least one value in all of them
 */
export function sharedBins(variants: readonly ArrayLike<number>[], bins: number): HistogramBins {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const values of variants) {
    for (let i = 0; i < values.length; i++) {
      if (values[i]! < min) min = values[i]!;
      if (values[i]! > max) max = values[i]!;
    }
  }
  return min === max ? { min: min - 0.5, max: max + 0.5, bins } : { min, max, bins };
}
