/**
 * @file `node --conditions=@bitcliff/source src/write-tasks.ts --out DIR [--items 500] [--seed N]`: the rows of all toy tasks as JSON lines, and the stories of LAMBADA
 * as plain text.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { InvalidInputError } from '@bitcliff/core';
import { DEFAULT_ITEMS, DEFAULT_TASK_SEED, TASKS } from './tasks/index.ts';

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
mkdirSync(values.out, { recursive: true });
for (const [name, create] of Object.entries(TASKS)) {
  const path = join(values.out, `${name}.jsonl`);
  const rows = create(Number(values.seed ?? DEFAULT_TASK_SEED), items);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  console.log(`${path}: ${rows.length} rows`);
  if (name !== 'lambada_openai') continue;
  const stories = rows as readonly { text: string }[];
  writeFileSync(join(values.out, 'stories.txt'), stories.map(({ text }) => `${text}\n`).join(''));
}
