import type { LongTaskOptions } from '@bitcliff/core';
import type { StderrOptions } from './metrics/metric.ts';
import { type PrepareOptions, prepareTask } from './prepare-task.ts';
import type { RequestScore, TokenRequest } from './request.ts';
import { scoreTasks, type TaskResult } from './score-task.ts';
import type { Task } from './task.ts';
import type { EvalTokenizer } from './tokenizer.ts';

/** Scores requests with one model: as many scores as requests, in the same order. */
export type LogLikelihood = (
  requests: readonly TokenRequest[],
  options: LongTaskOptions,
) => Promise<readonly RequestScore[]>;

/** A task and the rows to evaluate it on. */
export interface TaskRows {
  readonly task: Task;
  /** Checked rows of the task, at least one. */
  readonly rows: readonly unknown[];
}

/** One model, some tasks. */
export interface EvaluateOptions extends PrepareOptions, StderrOptions, LongTaskOptions {
  readonly tasks: readonly TaskRows[];
  readonly tokenizer: EvalTokenizer;
  /** Called once with the requests of all tasks, so that the model can pack them together. */
  readonly loglikelihood: LogLikelihood;
}

/**
 * Evaluate one model on some tasks. Emits "prepare" events per task; `signal` and `onProgress` also go to `loglikelihood`.
 * @returns one result per task, in order; none for no tasks
 * @throws {InvalidInputError} as {@link prepareTask} and {@link scoreTasks}
 * @throws {ShapeError} when `loglikelihood` gives another number of scores than it got requests
 */
export async function evaluateTasks(options: EvaluateOptions): Promise<TaskResult[]> {
  const { tasks, tokenizer, loglikelihood, signal, onProgress } = options;
  if (tasks.length === 0) return [];
  const prepared = tasks.map(({ task, rows }, i) => {
    signal?.throwIfAborted();
    onProgress?.({ phase: 'prepare', done: i, total: tasks.length, unit: 'tasks', detail: task.name });
    return prepareTask(task, rows, tokenizer, options);
  });
  onProgress?.({ phase: 'prepare', done: tasks.length, total: tasks.length, unit: 'tasks' });
  signal?.throwIfAborted();

  const requests = prepared.flatMap((one) => one.requests);
  const scores = await loglikelihood(requests, { signal, onProgress });
  signal?.throwIfAborted();
  return scoreTasks(prepared, scores, options);
}
