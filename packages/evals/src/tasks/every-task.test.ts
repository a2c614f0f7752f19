/** @file What holds for every task: its invented rows are read from every file that it lists, and its scores depend on nothing but its rows. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TASK_COLUMNS } from '../__fixtures__/task-rows.ts';
import { byteTokenizer, toyLogLikelihood } from '../__fixtures__/toy-model.ts';
import { writeFixture } from '../__fixtures__/write-rows.ts';
import { loadTaskRows } from '../data/load-task-rows.node.ts';
import { evaluateTasks } from '../evaluate-tasks.ts';
import type { Task } from '../task.ts';
import { TASKS } from './registry.ts';

const options = { tokenizer: byteTokenizer(true), maxLength: 64, loglikelihood: toyLogLikelihood };
const rowsOf = (task: Task): unknown[] => TASK_COLUMNS[task.name]!.map((row) => task.parseRow(row));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-evals-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe.each([...TASKS.values()])('$name', (task) => {
  test.each(task.files.map((file) => ({ file, path: file.path, layout: file.layout })))(
    '$layout: $path',
    async ({ file }) => {
      await writeFixture(task, file, folder);
      const { rows, provenance } = await loadTaskRows(task, folder);
      expect(provenance).toMatchObject({ layout: file.layout, dataset: null, revision: null, skipped: [] });
      for (const { sha256 } of provenance.files) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      const [result] = await evaluateTasks({ ...options, tasks: [{ task, rows }] });
      expect(Number.isFinite(result!.metrics[task.headline]!.value)).toBe(true);
    },
  );

  test("the Hub's file, at a commit", async () => {
    if (task.hub === undefined) {
      await expect(loadTaskRows(task, folder, { commit: 'abc' })).rejects.toThrow('is not on the Hub');
      return;
    }
    await writeFixture(task, task.hub.file, folder);
    const { provenance } = await loadTaskRows(task, folder, { commit: 'abc' });
    expect(provenance).toMatchObject({ dataset: task.hub.repo, revision: 'abc' });
  });

  test('Parquet and JSON lines give the same items', async () => {
    const file = task.files.find(({ layout }) => layout === 'parquet');
    if (file === undefined) return;
    await writeFixture(task, file, folder);
    const fromParquet = await loadTaskRows(task, folder);
    expect(fromParquet.rows).toEqual(rowsOf(task));
  });

  test('scores do not depend on row order or on other tasks', async () => {
    if (task.outputType === 'windows') return; // its rows are one text
    const rows = rowsOf(task);
    const [alone] = await evaluateTasks({ ...options, tasks: [{ task, rows }] });
    const everything = [...TASKS.values()].map((other) => ({ task: other, rows: rowsOf(other) }));
    const together = await evaluateTasks({ ...options, tasks: everything });
    expect(together.find((result) => result.task === task.name)).toEqual(alone);
    const [reversed] = await evaluateTasks({ ...options, tasks: [{ task, rows: rows.toReversed() }] });
    const unnumbered = (samples: readonly { index: number }[]) => samples.map((s) => ({ ...s, index: 0 }));
    expect(unnumbered(reversed!.samples.toReversed())).toEqual(unnumbered(alone!.samples));
  });

  test('the profile classic runs', async () => {
    const [result] = await evaluateTasks({
      ...options,
      profile: 'classic',
      tasks: [{ task, rows: rowsOf(task) }],
    });
    expect(result!.n).toBeGreaterThan(0);
  });
});
