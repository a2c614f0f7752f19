import { InvalidInputError, ShapeError } from '@bitcliff/core';
import type { MetricValue, StderrOptions } from './metrics/metric.ts';
import type { PreparedTask } from './prepare-task.ts';
import type { RequestScore } from './request.ts';
import type { Sample } from './scoring/sample.ts';
import { scoreItem } from './scoring/score-item.ts';

/** Below this margin between the best two choices, nats, float noise may decide the prediction (eval-spec §1.4). */
export const NEAR_TIE_MARGIN = 1e-3;

/** Scores of one model on one task. Plain data, fit for JSON. */
export interface TaskResult {
  /** Name of the task. */
  readonly task: string;
  readonly version: string;
  /** The metric to print when there is room for one; a key of `metrics`. */
  readonly headline: string;
  /** Number of items. */
  readonly n: number;
  /** Number of requests that lost tokens to `maxLength`. */
  readonly truncated: number;
  /** Of those, the requests that lost continuation tokens: only the rest of the continuation is scored. */
  readonly continuationsCut: number;
  /** Items whose best two choices are closer than {@link NEAR_TIE_MARGIN}; null for a task without choices. */
  readonly nearTies: number | null;
  readonly metrics: Readonly<Record<string, MetricValue>>;
  /** One per item, in row order. */
  readonly samples: readonly Sample[];
}

/**
 * Judge a model's answers to a prepared task.
 * @param scores one per `prepared.requests`, in the same order
 * @throws {ShapeError} when there are more or fewer scores than requests
 * @throws {InvalidInputError} on a log-likelihood that is NaN or +Infinity (the item is named)
 */
export function scoreTask(
  prepared: PreparedTask,
  scores: readonly RequestScore[],
  options: StderrOptions = {},
): TaskResult {
  return summarizeSamples(prepared, scoreItems(prepared, scores), options);
}

/**
 * The samples of some items of a prepared task, for evaluations that are stored piece by piece.
 * @param scores one for each request of these items, in order
 * @param range items from `start` until before `end`. @default all
 * @throws {ShapeError} {@link InvalidInputError} as {@link scoreTask}
 */
export function scoreItems(
  { task, items, requests }: PreparedTask,
  scores: readonly RequestScore[],
  { start, end }: { readonly start: number; readonly end: number } = { start: 0, end: items.length },
): Sample[] {
  const own = items.slice(start, end);
  const first = own[0]?.start ?? 0;
  const expected = (own.at(-1)?.end ?? first) - first;
  if (scores.length !== expected) {
    throw new ShapeError({
      op: 'scoreTask',
      problem: 'scores do not match the requests',
      expected,
      received: scores.length,
      where: task.name,
    });
  }
  return own.map((item, i) => {
    const ownScores = scores.slice(item.start - first, item.end - first);
    for (const [r, { logProb }] of ownScores.entries())
      checkLogProb(logProb, `${task.name} item ${start + i}, request ${r}`);
    return scoreItem(start + i, item, requests.slice(item.start, item.end), ownScores);
  });
}

/**
 * The result of a task from the samples of all its items.
 * @param samples in the order of the items
 */
export function summarizeSamples(
  { task, items, truncated, continuationsCut }: PreparedTask,
  samples: readonly Sample[],
  options: StderrOptions = {},
): TaskResult {
  const nearTies = samples.filter(
    (sample) => sample.margin !== null && sample.margin < NEAR_TIE_MARGIN,
  ).length;
  return {
    task: task.name,
    version: task.version,
    headline: task.headline,
    n: items.length,
    truncated,
    continuationsCut,
    nearTies: samples.some((sample) => sample.margin !== null) ? nearTies : null,
    metrics: Object.fromEntries(
      Object.entries(task.metrics).map(([name, metric]) => [name, metric.aggregate(samples, options)]),
    ),
    samples,
  };
}

/**
 * Judge a model's answers to several tasks whose requests were scored in one call.
 * @param scores those of the first task's requests, then those of the second, and so on
 * @returns one result per task, in order
 * @throws {ShapeError} when there are more or fewer scores than requests
 * @throws {InvalidInputError} as {@link scoreTask}
 */
export function scoreTasks(
  prepared: readonly PreparedTask[],
  scores: readonly RequestScore[],
  options: StderrOptions = {},
): TaskResult[] {
  const requests = prepared.reduce((sum, task) => sum + task.requests.length, 0);
  if (scores.length !== requests) {
    throw new ShapeError({
      op: 'scoreTasks',
      problem: 'scores do not match the requests',
      expected: requests,
      received: scores.length,
    });
  }
  let start = 0;
  return prepared.map((task) => {
    const end = start + task.requests.length;
    const result = scoreTask(task, scores.slice(start, end), options);
    start = end;
    return result;
  });
}

/** −Infinity is a score (a token that the model rules out); NaN would lose every comparison in silence. */
function checkLogProb(logProb: number, where: string): void {
  if (!Number.isNaN(logProb) && logProb < Infinity) return;
  throw new InvalidInputError({
    op: 'scoreTask',
    problem: 'bad log-likelihood',
    expected: 'a number below Infinity',
    received: logProb,
    where,
  });
}
