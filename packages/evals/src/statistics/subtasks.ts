import { ShapeError } from '@bitcliff/core';

/**
 * Mean of subtask scores weighted by their sizes.
 * @param scores one per subtask @param sizes items of each, same order
 * @throws {ShapeError} on lists that are empty or differ in length
 * @see lm_eval/api/metrics.py `aggregate_subtask_metrics` @ 4e7e0d47
 */
export function weightedMean(scores: readonly number[], sizes: readonly number[]): number {
  checkSubtasks('weightedMean', scores, sizes);
  return scores.reduce((sum, score, k) => sum + score * sizes[k]!, 0) / total(sizes);
}

/**
 * Standard error of {@link weightedMean} from those of the subtasks: √(Σ (n_k − 1)·se_k²·n_k / (Σn − K) / Σn).
 * @param stderrs one per subtask @param sizes items of each, more items than subtasks
 * @throws {ShapeError} on lists that are empty or differ in length
 * @example
 * pooledStderr([0.02, 0.03], [100, 250]); // 0.022192063552744796
 * @see lm_eval/api/metrics.py `pooled_sample_stderr` @ 4e7e0d47
 */
export function pooledStderr(stderrs: readonly number[], sizes: readonly number[]): number {
  checkSubtasks('pooledStderr', stderrs, sizes);
  const n = total(sizes);
  const pooled =
    stderrs.reduce((sum, stderr, k) => sum + (sizes[k]! - 1) * stderr ** 2 * sizes[k]!, 0) /
    (n - sizes.length);
  return Math.sqrt(pooled / n);
}

function total(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}

function checkSubtasks(op: string, values: readonly number[], sizes: readonly number[]): void {
  if (values.length > 0 && values.length === sizes.length) return;
  throw new ShapeError({
    op,
    problem: 'bad lists of subtasks',
    expected: 'as many sizes as values, at least 1',
    received: `${values.length} values and ${sizes.length} sizes`,
  });
}
