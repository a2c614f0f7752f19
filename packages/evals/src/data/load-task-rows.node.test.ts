import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HELLASWAG_COLUMNS, HELLASWAG_TEXT, LAMBADA_COLUMNS } from '../__fixtures__/rows.ts';
import { hellaswag } from '../tasks/hellaswag/task.ts';
import { lambadaOpenai } from '../tasks/lambada-openai/task.ts';
import { loadTaskRows } from './load-task-rows.node.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-evals-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), content);
}

const jsonl = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const HELLASWAG_JSONL = jsonl(HELLASWAG_COLUMNS);

test.each(
  hellaswag.files.flatMap(({ path, layout }) => [
    { name: path, layout },
    { name: `${path}.gz`, layout },
  ]),
)('hellaswag from $name', async ({ name, layout }) => {
  const text = layout === 'jsonl' ? HELLASWAG_JSONL : HELLASWAG_TEXT;
  await write(name, name.endsWith('.gz') ? gzipSync(text) : text);
  const { rows, provenance } = await loadTaskRows(hellaswag, folder);
  expect(rows.map((row) => row.gold)).toEqual([0, 3]);
  expect(provenance).toEqual({
    file: name,
    layout,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    rowsInFile: 2,
    rowsUsed: 2,
  });
});

test('an earlier candidate wins over a later one', async () => {
  await write('lambada/lambada_test.jsonl', jsonl(LAMBADA_COLUMNS));
  await write('lambada_openai.jsonl', jsonl(LAMBADA_COLUMNS.slice(0, 1)));
  const { provenance } = await loadTaskRows(lambadaOpenai, folder);
  expect(provenance).toMatchObject({ file: 'lambada_openai.jsonl', rowsInFile: 1 });
});

test('limit: the first rows, every row checked', async () => {
  await write('lambada_openai.jsonl', jsonl(LAMBADA_COLUMNS));
  const one = await loadTaskRows(lambadaOpenai, folder, { limit: 1 });
  expect(one.rows.map((row) => row.target)).toEqual(['lamp']);
  expect(one.provenance).toMatchObject({ rowsInFile: 2, rowsUsed: 1 });
  const many = await loadTaskRows(lambadaOpenai, folder, { limit: 50 });
  expect(many.provenance).toMatchObject({ rowsInFile: 2, rowsUsed: 2 });

  await write('lambada_openai.jsonl', jsonl([...LAMBADA_COLUMNS, { text: 'word' }]));
  await expect(loadTaskRows(lambadaOpenai, folder, { limit: 1 })).rejects.toThrow('line 3');
});

test.each([0, -1, 1.5, Number.NaN])('refuses limit %d', async (limit) => {
  await expect(loadTaskRows(lambadaOpenai, folder, { limit })).rejects.toThrow(InvalidInputError);
});

test('nothing found: every name that was looked for, and where', async () => {
  await expect(loadTaskRows(lambadaOpenai, folder)).rejects.toThrow(NotFoundError);
  await expect(loadTaskRows(lambadaOpenai, folder)).rejects.toThrow(
    'loadTaskRows: no data of task "lambada_openai", expected one of: ' +
      'lambada_openai.jsonl, lambada_openai.jsonl.gz, ' +
      'lambada_openai/lambada_test.jsonl, lambada_openai/lambada_test.jsonl.gz, ' +
      'lambada_openai/data/lambada_test.jsonl, lambada_openai/data/lambada_test.jsonl.gz, ' +
      `lambada/lambada_test.jsonl, lambada/lambada_test.jsonl.gz (${folder})`,
  );
  await expect(loadTaskRows(lambadaOpenai, join(folder, 'missing'))).rejects.toThrow(NotFoundError);
});

test('a bad row names its file', async () => {
  await write('hellaswag.jsonl', `${HELLASWAG_JSONL}{}\n`);
  await expect(loadTaskRows(hellaswag, folder)).rejects.toThrow(
    `(line 3, ${join(folder, 'hellaswag.jsonl')})`,
  );
});
