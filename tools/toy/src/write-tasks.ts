/** @file `node --conditions=@bitcliff/source src/write-tasks.ts --out DIR [--items 300] [--seed N]`: the toy rows as JSON lines, and the stories of LAMBADA as plain text. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { InvalidInputError } from '@bitcliff/core';
import { trainingStories } from './corpus.ts';
import { createHellaSwag, createLambada, DEFAULT_ITEMS, DEFAULT_TASK_SEED, openingsOf } from './tasks.ts';

const { values } = parseArgs({
  options: { out: { type: 'string' }, items: { type: 'string' }, seed: { type: 'string' } },
});
if (values.out === undefined) {
  throw new InvalidInputError({
    op: 'write-tasks',
    problem: 'option missing',
    expected: '--out and a folder',
  });
}
const items = Number(values.items ?? DEFAULT_ITEMS);
if (!Number.isInteger(items) || items < 1) {
  throw new InvalidInputError({
    op: 'write-tasks',
    problem: 'bad number of rows',
    expected: 'an integer from 1',
    received: values.items!,
    where: '--items',
  });
}
const options = {
  items,
  seed: Number(values.seed ?? DEFAULT_TASK_SEED),
  seen: openingsOf(trainingStories()),
};
const stories = createLambada(options);
const files = { 'hellaswag.jsonl': createHellaSwag(options), 'lambada_openai.jsonl': stories };
mkdirSync(values.out, { recursive: true });
for (const [name, rows] of Object.entries(files)) {
  const path = join(values.out, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  console.log(`${path}: ${rows.length} rows`);
}
const path = join(values.out, 'stories.txt');
writeFileSync(path, stories.map(({ text }) => `${text}\n`).join(''));
console.log(`${path}: ${stories.length} stories`);
