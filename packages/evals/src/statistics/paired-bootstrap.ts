import { createRng, InvalidInputError } from '@bitcliff/core';
import { groupByCluster } from './paired-difference.ts';
import { quantile } from './quantile.ts';

/** What a paired bootstrap found. */
export interface BootstrapResult {
  /** 2.5 % and 97.5 % percentiles of the replicates, in the unit of the statistic. */
  readonly confidence95: readonly [number, number];
  /** Sample standard deviation of the replicates. */
  readonly stderr: number;
  /** Two-sided: 2·(1 + the smaller count of replicates ≤ 0 or ≥ 0) / (1 + replicates), at most 1. For a statistic that is 0 when nothing changed. */
  readonly p: number;
}

/** How to resample. */
export interface BootstrapOptions {
  /** Replicates, ≥ 2. @default 10000 */
  readonly iterations?: number | undefined;
  /** Seed of core's `createRng`. @default 0 */
  readonly seed?: number | undefined;
  /** Cluster of each item; whole clusters are drawn, items without one are clusters of their own. @default every item its own */
  readonly clusters?: readonly (string | number | null)[] | undefined;
}

/**
 * Percentile bootstrap of a statistic of paired items: each replicate draws items (or whole clusters) with replacement, the same ones for both models.
 * @param n items, ≥ 1
 * @param statistic of a list of item numbers in [0, n), repeats included: a difference, a log ratio. The array is reused
 * @throws {InvalidInputError} on bad counts or a replicate that is NaN
 * @example
 * pairedBootstrap(n, (items) => mean(items.map((i) => after[i] - before[i])));
 */
export function pairedBootstrap(
  n: number,
  statistic: (items: readonly number[]) => number,
  options: BootstrapOptions = {},
): BootstrapResult {
  const op = 'pairedBootstrap';
  const { iterations = 10_000, seed = 0, clusters } = options;
  if (!Number.isSafeInteger(iterations) || iterations < 2 || !Number.isSafeInteger(n) || n < 1) {
    throw new InvalidInputError({
      op,
      problem: 'bad counts',
      expected: 'at least 1 item and 2 replicates',
      received: `${n} and ${iterations}`,
    });
  }
  const groups = clusters === undefined ? Array.from({ length: n }, (_, i) => [i]) : groupByCluster(clusters);
  const rng = createRng(seed);
  const replicates = new Float64Array(iterations);
  const items: number[] = [];
  for (let k = 0; k < iterations; k++) {
    items.length = 0;
    for (let g = 0; g < groups.length; g++) for (const i of groups[rng.int(groups.length)]!) items.push(i);
    const value = statistic(items);
    if (Number.isNaN(value)) {
      throw new InvalidInputError({ op, problem: 'a replicate is NaN', where: `replicate ${k}` });
    }
    replicates[k] = value;
  }
  replicates.sort();
  const center = replicates.reduce((sum, x) => sum + x, 0) / iterations;
  const variance = replicates.reduce((sum, x) => sum + (x - center) ** 2, 0) / (iterations - 1);
  const atMost = replicates.filter((x) => x <= 0).length;
  const atLeast = replicates.filter((x) => x >= 0).length;
  return {
    confidence95: [quantile(replicates, 0.025), quantile(replicates, 0.975)],
    stderr: Math.sqrt(variance),
    p: Math.min(1, (2 * (1 + Math.min(atMost, atLeast))) / (1 + iterations)),
  };
}
