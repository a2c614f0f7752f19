import { type ProgressEvent, ShapeError } from '@bitcliff/core';
import { expect, test, vi } from 'vitest';
import { HELLASWAG_COLUMNS, LAMBADA_COLUMNS } from './__fixtures__/rows.ts';
import { byteTokenizer, toyLogLikelihood } from './__fixtures__/toy-model.ts';
import { evaluateTasks, type LogLikelihood } from './evaluate-tasks.ts';
import { prepareTask } from './prepare-task.ts';
import { scoreTask } from './score-task.ts';
import { resolveTasks } from './tasks/registry.ts';

const [hellaswag, lambada] = resolveTasks(['hellaswag', 'lambada_openai']) as [never, never];
const tasks = [
  { task: hellaswag, columns: HELLASWAG_COLUMNS as readonly object[] },
  { task: lambada, columns: LAMBADA_COLUMNS as readonly object[] },
].map(({ task, columns }: { task: ReturnType<typeof resolveTasks>[number]; columns: readonly object[] }) => ({
  task,
  rows: columns.map((row) => task.parseRow(row)),
}));
const common = { tasks, tokenizer: byteTokenizer(), maxLength: 256 };

test('one call for all tasks, the results of each alone', async () => {
  const loglikelihood = vi.fn<LogLikelihood>(toyLogLikelihood);
  const results = await evaluateTasks({ ...common, loglikelihood });
  expect(loglikelihood).toHaveBeenCalledTimes(1);
  for (const [i, { task, rows }] of tasks.entries()) {
    const prepared = prepareTask(task, rows, common.tokenizer, common);
    expect(results[i]).toEqual(scoreTask(prepared, await toyLogLikelihood(prepared.requests)));
  }
});

test('no tasks, no call', async () => {
  const loglikelihood = vi.fn<LogLikelihood>(toyLogLikelihood);
  expect(await evaluateTasks({ ...common, tasks: [], loglikelihood })).toEqual([]);
  expect(loglikelihood).not.toHaveBeenCalled();
});

test('progress and signal reach the model', async () => {
  const events: ProgressEvent[] = [];
  const { signal } = new AbortController();
  await evaluateTasks({
    ...common,
    signal,
    onProgress: (event) => events.push(event),
    loglikelihood: async (requests, options) => {
      expect(options.signal).toBe(signal);
      options.onProgress?.({ phase: 'score', done: 1, total: 1, unit: 'requests' });
      return toyLogLikelihood(requests);
    },
  });
  expect(events.map(({ phase, done, detail }) => [phase, done, detail])).toEqual([
    ['prepare', 0, 'hellaswag'],
    ['prepare', 1, 'lambada_openai'],
    ['prepare', 2, undefined],
    ['score', 1, undefined],
  ]);
});

test('an aborted signal stops the work with its reason', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(evaluateTasks({ ...common, signal, loglikelihood: toyLogLikelihood })).rejects.toThrow(
    'enough',
  );
});

test('a model that loses a request', async () => {
  const loglikelihood: LogLikelihood = async (requests) => (await toyLogLikelihood(requests)).slice(1);
  await expect(evaluateTasks({ ...common, loglikelihood })).rejects.toThrow(ShapeError);
  await expect(evaluateTasks({ ...common, loglikelihood })).rejects.toThrow('expected 10, received 9');
});
