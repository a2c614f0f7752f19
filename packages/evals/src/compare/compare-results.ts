import { InvalidInputError } from '@bitcliff/core';
import { mean } from '../metrics/mean.ts';
import type { Metric } from '../metrics/metric.ts';
import { averagePercentDifference } from '../metrics/percent-difference.ts';
import { METRICS } from '../metrics/registry.ts';
import type { TaskResult } from '../score-task.ts';
import { holm } from '../statistics/holm.ts';
import { compareTask, type TaskComparison } from './compare-task.ts';

/** Level of the tests, after Holm's correction over the tasks. */
export const SIGNIFICANCE_LEVEL = 0.05;

/** How to compare. */
export interface CompareOptions {
  /** Replicates of the paired bootstrap. @default 10000 */
  readonly iterations?: number | undefined;
  /** Its seed. @default 0 */
  readonly seed?: number | undefined;
  /** Metrics beside the built-in ones, by name. */
  readonly metrics?: Readonly<Record<string, Metric>> | undefined;
}

/** A task's comparison among those of other tasks. */
export interface CorrectedComparison extends TaskComparison {
  /** p after Holm's correction over the tasks. */
  readonly pHolm: number;
  /** pHolm ≤ 0.05. */
  readonly isSignificant: boolean;
  /** The difference is not significant and smaller than what this many items can find: the task cannot tell. */
  readonly isUnresolved: boolean;
}

/** Two models over some tasks. Averages are over tasks whose headline is a share (accuracies, likelihood per byte), and null where there is none. */
export interface ResultComparison {
  readonly tasks: readonly CorrectedComparison[];
  readonly average: {
    readonly before: number;
    readonly after: number;
    /** after − before, in the unit of the shares. */
    readonly difference: number;
    /** √(Σ SE²) / T; null where a task has none. */
    readonly stderr: number | null;
    /** Mean of 100·(after/before − 1), the INT8 paper's number; null where a baseline score is 0. */
    readonly percentDifference: number | null;
  } | null;
}

/**
 * Compare two models by their headline metrics, task by task and on average.
 * @param before results of the baseline @param after results of the other model on the same items, in any order
 * @throws {InvalidInputError} when the two are not of the same tasks and items
 * @example
 * const { tasks } = compareResults(await readResults('runs/baseline'), await readResults('runs/w4'));
 */
export function compareResults(
  before: readonly TaskResult[],
  after: readonly TaskResult[],
  options: CompareOptions = {},
): ResultComparison {
  const others = new Map(after.map((result) => [result.task, result]));
  const names = (results: readonly TaskResult[]): string => results.map(({ task }) => task).join(', ');
  if (before.length === 0 || before.length !== others.size || before.some(({ task }) => !others.has(task))) {
    throw new InvalidInputError({
      op: 'compareResults',
      problem: 'the tasks are not the same',
      expected: names(before) || 'at least one task',
      received: names(after) || 'none',
    });
  }
  const known = { ...METRICS, ...options.metrics };
  const tasks = before.map((result) => {
    const metric = known[result.headline];
    if (metric !== undefined) {
      return compareTask(result, others.get(result.task)!, result.headline, metric, options);
    }
    throw new InvalidInputError({
      op: 'compareResults',
      problem: `unknown metric "${result.headline}"`,
      expected: `one of: ${Object.keys(known).join(', ')}`,
      where: result.task,
    });
  });
  const adjusted = holm(tasks.map(({ p }) => p));
  return {
    tasks: tasks.map((task, t) => {
      const isSignificant = adjusted[t]! <= SIGNIFICANCE_LEVEL;
      const isSmall = task.detectable !== null && Math.abs(task.difference) < task.detectable;
      return { ...task, pHolm: adjusted[t]!, isSignificant, isUnresolved: !isSignificant && isSmall };
    }),
    average: averageOf(tasks.filter(({ higherIsBetter }) => higherIsBetter)),
  };
}

function averageOf(tasks: readonly TaskComparison[]): ResultComparison['average'] {
  if (tasks.length === 0) return null;
  const before = tasks.map((task) => task.before);
  const after = tasks.map((task) => task.after);
  const squares = tasks.map(({ stderr }) => (stderr === null ? null : stderr ** 2));
  return {
    before: mean(before),
    after: mean(after),
    difference: mean(after) - mean(before),
    stderr: squares.includes(null)
      ? null
      : Math.sqrt((squares as number[]).reduce((sum, square) => sum + square, 0)) / tasks.length,
    percentDifference: before.includes(0) ? null : averagePercentDifference(before, after),
  };
}
