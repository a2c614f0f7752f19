/**
 * @file The mean difference of two models on the same items and its standard error (eval-spec §5; Miller, "Adding Error Bars to Evals",
 * arXiv 2411.00640). Items are paired, so the error of the difference is not √(SE_a² + SE_b²), which is larger.
 */
import { ShapeError } from '@bitcliff/core';
import { mean, meanStderr } from '../metrics/mean.ts';

/** 97.5 % quantile of the standard normal. */
export const Z_95 = 1.959963984540054;

/** Mean difference after − before, and how sure it is. Everything in the unit of the scores. */
export interface PairedDifference {
  /** d̄, the mean of after − before. */
  readonly difference: number;
  /** √(Σ(d − d̄)² / (n − 1) / n); null for n ≤ 1. */
  readonly stderr: number | null;
  /** With clusters: √((1/n²) Σ_c (Σ_{i∈c} (d_i − d̄))²), the sandwich form; null without clusters or with one. */
  readonly clusteredStderr: number | null;
  /** With clusters: √(stderr² + (1/n²) Σ_c Σ_{i≠j∈c} (d_i − d̄)(d_j − d̄)), Miller's form; null without clusters or with one. */
  readonly clusteredStderrMiller: number | null;
  /** difference ± 1.96 · (clusteredStderrMiller, else stderr); null where that is. */
  readonly confidence95: readonly [number, number] | null;
  /** √(SE_before² + SE_after²), wrong for paired items; kept to show what pairing gains. Null for n ≤ 1. */
  readonly unpairedStderr: number | null;
  /** Pearson correlation of the two lists; null where one of them is constant. */
  readonly correlation: number | null;
}

/**
 * Difference of two lists of scores of the same items.
 * @param before one score per item @param after the same items in the same order
 * @param clusters name of each item's cluster (a shared passage, a source); items without one are clusters of their own
 * @throws {ShapeError} when the lists are empty or differ in length
 * @example
 * pairedDifference([1, 1, 0, 1], [1, 0, 0, 1]).difference; // -0.25
 */
export function pairedDifference(
  before: readonly number[],
  after: readonly number[],
  clusters?: readonly (string | number | null)[],
): PairedDifference {
  checkPairs('pairedDifference', before, after);
  if (clusters !== undefined) checkPairs('pairedDifference', before, clusters);
  const n = before.length;
  const d = after.map((score, i) => score - before[i]!);
  const difference = mean(d);
  const stderr = meanStderr(d);
  const sums = clusters === undefined ? undefined : clusterSums(d, difference, clusters);
  const isClustered = sums !== undefined && sums.length > 1;
  const sandwich = isClustered ? sums.reduce((sum, { sum: s }) => sum + s * s, 0) / n ** 2 : null;
  // Σ_{i≠j} x_i x_j = (Σ x)² − Σ x²
  const crossed = isClustered
    ? sums.reduce((sum, { sum: s, squares }) => sum + s * s - squares, 0) / n ** 2
    : null;
  const miller = crossed === null || stderr === null ? null : Math.sqrt(Math.max(0, stderr ** 2 + crossed));
  const error = miller ?? stderr;
  const [seBefore, seAfter] = [meanStderr(before), meanStderr(after)];
  return {
    difference,
    stderr,
    clusteredStderr: sandwich === null ? null : Math.sqrt(sandwich),
    clusteredStderrMiller: miller,
    confidence95: error === null ? null : [difference - Z_95 * error, difference + Z_95 * error],
    unpairedStderr: seBefore === null || seAfter === null ? null : Math.hypot(seBefore, seAfter),
    correlation: correlation(before, after),
  };
}

/** Pearson correlation; null where a list is constant. */
export function correlation(x: readonly number[], y: readonly number[]): number | null {
  const [mx, my] = [mean(x), mean(y)];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - mx, y[i]! - my];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy);
}

/** @throws {ShapeError} when two lists of the same items differ in length or are empty */
export function checkPairs(op: string, before: ArrayLike<unknown>, after: ArrayLike<unknown>): void {
  if (before.length === after.length && before.length > 0) return;
  throw new ShapeError({
    op,
    problem: 'the lists are not of the same items',
    expected: 'two lists of one length, at least 1',
    received: `${before.length} and ${after.length}`,
  });
}

/** Items of each cluster by index, in order of first appearance; items without a cluster stand alone. */
export function groupByCluster(clusters: readonly (string | number | null)[]): number[][] {
  const groups = new Map<string | number | symbol, number[]>();
  for (const [i, cluster] of clusters.entries()) {
    const key = cluster ?? Symbol('alone');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [i]);
    else group.push(i);
  }
  return [...groups.values()];
}

function clusterSums(
  d: readonly number[],
  center: number,
  clusters: readonly (string | number | null)[],
): { sum: number; squares: number }[] {
  return groupByCluster(clusters).map((items) => {
    let [sum, squares] = [0, 0];
    for (const i of items) {
      sum += d[i]! - center;
      squares += (d[i]! - center) ** 2;
    }
    return { sum, squares };
  });
}
