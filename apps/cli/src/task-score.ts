/** @file A task score for every variant of an engine: `bitcliff sensitivity --tasks`. */
import { InvalidInputError, type LongTaskOptions } from '@bitcliff/core';
import { prepareTask, resolveTasks, scoreTasks } from '@bitcliff/evals';
import type { Checkpoint, Engine } from '@bitcliff/runtime';
import { loadRows } from '@bitcliff/study/node';
import { summarize } from './eval-report.ts';
import { hubSettings } from './local-path.ts';

/** What is scored. */
export interface TaskScoreFlags {
  readonly tasks: readonly string[];
  readonly data: string;
  readonly limit?: number;
}

/**
 * Prepare tasks once.
 * @returns gives the mean of their headline metrics in percent, for each variant
 * @throws {InvalidInputError} when every headline is a perplexity, which has no percentage
 */
export async function createTaskScore(
  checkpoint: Checkpoint,
  { tasks: names, data, limit }: TaskScoreFlags,
  run: LongTaskOptions,
): Promise<(engine: Engine) => Promise<number[]>> {
  const tasks = resolveTasks(names, []);
  const tokenizer = await checkpoint.tokenizer();
  const loaded = await loadRows(tasks, data, limit === undefined ? {} : { limit }, {
    ...run,
    hub: hubSettings(),
  });
  const settings = { maxLength: checkpoint.spec.maxPositions };
  const prepared = tasks.map((task, t) => prepareTask(task, loaded[t]!.rows, tokenizer, settings));
  const requests = prepared.flatMap((task) => task.requests);
  return async (engine) => {
    const scored = await engine.score(requests, { signal: run.signal });
    const results = scored.map(({ variant, scores }) => ({
      variant,
      tasks: scoreTasks(prepared, scores, {}),
    }));
    return summarize(results).map(({ average }) => average ?? refuse(names));
  };
}

function refuse(names: readonly string[]): never {
  throw new InvalidInputError({
    op: 'sensitivity',
    problem: 'no task with an accuracy',
    expected: 'at least one task whose headline is not a perplexity',
    received: names.join(', '),
    where: '--tasks',
  });
}
