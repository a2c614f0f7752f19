import { ShapeError } from '@bitcliff/core';

/**
 * Spearman's rank correlation: Pearson's of the ranks, equal values sharing the mean of theirs.
 * @returns −1 to 1; `null` where one side has a single value throughout
 * @throws {ShapeError} for lists of other lengths
 * @example
 * rankCorrelation([1, 2, 3], [10, 100, 1000]); // 1
 */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number | null {
  if (a.length !== b.length) {
    throw new ShapeError({
      op: 'rankCorrelation',
      problem: 'lists of two lengths',
      expected: a.length,
      received: b.length,
    });
  }
  const mean = (a.length + 1) / 2;
  const [ra, rb] = [ranks(a), ranks(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [ra[i]! - mean, rb[i]! - mean];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? null : ab / Math.sqrt(aa * bb);
}

/** Ranks from 1; equal values get the mean of the ranks they cover. */
function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) => values[i]! - values[j]!);
  const result: number[] = [];
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let k = start; k < end; k++) result[order[k]!] = (start + 1 + end) / 2;
    start = end;
  }
  return result;
}
