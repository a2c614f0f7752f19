import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TASK_COLUMNS } from '../__fixtures__/task-rows.ts';
import { byteTokenizer, toyLogLikelihood } from '../__fixtures__/toy-model.ts';
import { evaluateTasks } from '../evaluate-tasks.ts';
import type { TaskResult } from '../score-task.ts';
import { TASKS } from '../tasks/registry.ts';
import { readResults, writeResults } from './results-files.node.ts';
import type { StoredResults } from './stored-results.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-evals-'));
});
afterEach(() => rm(folder, { recursive: true }));

const sha256 = 'a'.repeat(64);
const data = {
  files: [{ name: 'rows.jsonl', sha256 }],
  layout: 'jsonl' as const,
  dataset: null,
  revision: null,
  rowsInFile: 3,
  rowsUsed: 2,
  limit: 2,
  seed: null,
  skipped: [{ line: 3, path: 'rows.jsonl', problem: 'bad row' }],
};

const record = (tasks: readonly TaskResult[]): StoredResults => ({
  format: 'bitcliff-eval',
  formatVersion: 1,
  harness: 'lm-eval',
  profile: 'lmeval',
  variant: 'baseline',
  recipe: null,
  model: { id: 'toy', sha256, tokenizerSha256: null },
  settings: {
    addBos: null,
    prefixTokenId: 1,
    appendsSpecialTokens: false,
    maxLength: 64,
    rollingBos: 'once',
    softmax: 'f32, summed in f64',
    bootstrapIterations: null,
  },
  engine: { threads: 1 },
  seconds: { prepare: 0.1, score: 1 },
  tokensPerSecond: 1000,
  tasks: tasks.map(({ samples: _, ...task }) => ({ ...task, data })),
});

async function evaluateAll(): Promise<TaskResult[]> {
  return evaluateTasks({
    tokenizer: byteTokenizer(),
    maxLength: 64,
    loglikelihood: toyLogLikelihood,
    tasks: [...TASKS.values()].map((task) => ({
      task,
      rows: TASK_COLUMNS[task.name]!.map((row) => task.parseRow(row)),
    })),
  });
}

test('results of every task come back as they were', async () => {
  const tasks = await evaluateAll();
  await writeResults(folder, record(tasks), tasks);
  expect((await readdir(folder)).length).toBe(1 + TASKS.size); // and no partial file
  expect(await readResults(folder)).toEqual({ record: record(tasks), tasks });
  expect(await readResults(join(folder, 'results.json'))).toEqual({ record: record(tasks), tasks });
});

test('a probability of 0 survives', async () => {
  const [first, ...rest] = (await evaluateAll()).slice(0, 2);
  const [sample, ...others] = first!.samples;
  const impossible = { ...sample!, logProbs: sample!.logProbs.map(() => -Infinity) };
  const tasks = [{ ...first!, samples: [impossible, ...others] }, ...rest];
  await writeResults(folder, record(tasks), tasks);
  expect((await readResults(folder)).tasks).toEqual(tasks);
});

test('never writes over results', async () => {
  const tasks = (await evaluateAll()).slice(0, 1);
  await writeResults(folder, record(tasks), tasks);
  await expect(writeResults(folder, record(tasks), tasks)).rejects.toThrow(InvalidInputError);
});

test('refuses files that are missing or changed, naming file, line and field', async () => {
  await expect(readResults(folder)).rejects.toThrow(NotFoundError);
  const tasks = (await evaluateAll()).slice(0, 1);
  await writeResults(folder, record(tasks), tasks);
  const samples = join(folder, 'samples_piqa.jsonl');
  const lines = (await readFile(samples, 'utf8')).split('\n');
  await writeFile(samples, `${lines[0]}\n`);
  await expect(readResults(folder)).rejects.toThrow(
    `samples are missing, expected 2, received 1 (${samples})`,
  );
  await writeFile(samples, `${lines[0]}\n${lines[1]!.replace('"gold":1', '"gold":-1')}\n`);
  await expect(readResults(folder)).rejects.toThrow(`at "gold" (line 2, ${samples})`);
  await writeFile(samples, 'not JSON\n');
  await expect(readResults(folder)).rejects.toThrow(`invalid JSON (line 1, ${samples})`);

  const results = join(folder, 'results.json');
  const text = await readFile(results, 'utf8');
  await writeFile(results, text.replace('"task": "piqa"', '"task": "../piqa"'));
  await expect(readResults(folder)).rejects.toThrow('at "tasks.0.task"');
  await writeFile(results, text.replace('bitcliff-eval', 'other'));
  await expect(readResults(folder)).rejects.toThrow('at "format"');
});
