/**
 * @file `node --conditions=@bitcliff/source src/measure.ts --checkpoint DIR [--items 500] [--seed N] [--json]`: a checkpoint's scores on the toy tasks,
 * computed by the training's own model.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { InvalidInputError } from '@bitcliff/core';
import { useAllCores } from '@bitcliff/pretrain/threads';
import { DEFAULT_ITEMS, DEFAULT_TASK_SEED } from './tasks/index.ts';
import { loadTokenizer } from './tokenizer.ts';

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    items: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const folder = values.checkpoint;
if (folder === undefined) {
  throw new InvalidInputError({
    op: 'measure',
    problem: 'option missing',
    expected: '--checkpoint and a folder',
  });
}
useAllCores();
const { init } = await import('@jax-js/jax');
const { readCheckpoint } = await import('@bitcliff/pretrain/node');
const { measureTasks } = await import('./measure-tasks.ts');
await init('wasm');

const { model, params } = await readCheckpoint(folder);
const readJson = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, name), 'utf8'));
const tokenizer = loadTokenizer({
  tokenizer: readJson('tokenizer.json'),
  config: readJson('tokenizer_config.json'),
});
const seed = Number(values.seed ?? DEFAULT_TASK_SEED);
const scores = await measureTasks(params, model, tokenizer, {
  seed,
  items: Number(values.items ?? DEFAULT_ITEMS),
});
if (values.json) console.log(JSON.stringify(scores, null, 2));
else {
  for (const { task, score, metric, chance, items } of scores) {
    // 99 % of a normal distribution lies within 2.576 standard deviations
    const half = 2.576 * Math.sqrt((score * (1 - score)) / items);
    const percent = (x: number): string => (100 * x).toFixed(1).padStart(5);
    const guess = chance === undefined ? '' : `, chance ${percent(chance)}`;
    const interval = metric === 'likelihood per byte' ? '' : ` ± ${percent(half)} (99 %)`;
    console.log(`${task.padEnd(16)}${percent(score)}${interval}  ${metric}, ${items} items${guess}`);
  }
}
