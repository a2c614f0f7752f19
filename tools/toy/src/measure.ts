/**
 * @file `node --conditions=@bitcliff/source src/measure.ts --checkpoint DIR… [--items 500] [--seed N] [--write FILE]`: scores of checkpoints on the toy tasks,
 * computed by the training's own model; `--write` keeps them as JSON, by the folders' names.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { InvalidInputError } from '@bitcliff/core';
import { useAllCores } from '@bitcliff/pretrain/threads';
import type { TaskScore } from './measure-tasks.ts';
import { DEFAULT_ITEMS, DEFAULT_TASK_SEED } from './tasks/index.ts';
import { loadTokenizer } from './tokenizer.ts';

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string', multiple: true },
    items: { type: 'string' },
    seed: { type: 'string' },
    write: { type: 'string' },
  },
});
if (values.checkpoint === undefined) {
  throw new InvalidInputError({
    op: 'measure',
    problem: 'option missing',
    expected: '--checkpoint and a folder',
  });
}
useAllCores(); // before jax-js is loaded
const { init } = await import('@jax-js/jax');
const { readCheckpoint } = await import('@bitcliff/pretrain/node');
const { measureTasks } = await import('./measure-tasks.ts');
await init('wasm');

const seed = Number(values.seed ?? DEFAULT_TASK_SEED);
const items = Number(values.items ?? DEFAULT_ITEMS);
const all: Record<string, readonly TaskScore[]> = {};
for (const folder of values.checkpoint) {
  const { model, params } = await readCheckpoint(folder);
  const readJson = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const tokenizer = loadTokenizer({
    tokenizer: readJson('tokenizer.json'),
    config: readJson('tokenizer_config.json'),
  });
  const scores = await measureTasks(params, model, tokenizer, { seed, items });
  for (const array of Object.values(params)) array.dispose();
  all[basename(folder)] = scores;
  console.log(`${folder}: ${items} items of each task, seed ${seed}, ± 99 %`);
  for (const { task, score, metric, chance } of scores) {
    // 99 % of a normal distribution lies within 2.576 standard deviations
    const half = 2.576 * Math.sqrt((score * (1 - score)) / items);
    const percent = (x: number): string => (100 * x).toFixed(1).padStart(5);
    const interval = metric === 'likelihood per byte' ? ' '.repeat(8) : ` ± ${percent(half)}`;
    const guess = chance === undefined ? '' : `, chance ${percent(chance).trim()}`;
    console.log(`  ${task.padEnd(16)}${percent(score)}${interval}  ${metric}${guess}`);
  }
}
if (values.write !== undefined) writeFileSync(values.write, `${JSON.stringify(all, null, 2)}\n`);
