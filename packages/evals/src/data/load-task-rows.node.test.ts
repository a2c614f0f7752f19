import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HELLASWAG_COLUMNS, LAMBADA_COLUMNS } from '../__fixtures__/rows.ts';
import { COPA_XML, STORYCLOZE_CSV, TASK_COLUMNS } from '../__fixtures__/task-rows.ts';
import { jsonl, parquet, write as writeBelow } from '../__fixtures__/write-rows.ts';
import { hellaswag } from '../tasks/hellaswag/task.ts';
import { lambadaOpenai } from '../tasks/lambada-openai/task.ts';
import { TASKS } from '../tasks/registry.ts';
import { loadTaskRows } from './load-task-rows.node.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-evals-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, content: string | Uint8Array): Promise<void> =>
  writeBelow(folder, name, content);

const HELLASWAG_JSONL = jsonl(HELLASWAG_COLUMNS);

test.each(['hellaswag.jsonl', 'hellaswag.jsonl.gz'])('hellaswag from %s', async (name) => {
  await write(name, name.endsWith('.gz') ? gzipSync(HELLASWAG_JSONL) : HELLASWAG_JSONL);
  const { rows, provenance } = await loadTaskRows(hellaswag, folder);
  expect(rows.map((row) => row.gold)).toEqual([0, 3]);
  expect(provenance).toEqual({
    files: [{ name, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    layout: 'jsonl',
    dataset: null,
    revision: null,
    rowsInFile: 2,
    rowsUsed: 2,
    limit: null,
    seed: null,
    skipped: [],
  });
});

test('a star: all files, ordered by name', async () => {
  const mmlu = TASKS.get('mmlu')!;
  const [sea, , words] = TASK_COLUMNS.mmlu!;
  await write('mmlu/b/test-00000-of-00001.parquet', parquet([words!]));
  await write('mmlu/a/test-00000-of-00001.parquet', parquet([sea!, sea!]));
  const { rows, provenance } = await loadTaskRows(mmlu, folder);
  expect(provenance.files.map(({ name }) => name)).toEqual([
    'mmlu/a/test-00000-of-00001.parquet',
    'mmlu/b/test-00000-of-00001.parquet',
  ]);
  expect((rows as { cluster: string }[]).map(({ cluster }) => cluster)).toEqual([
    ...['marine_biology', 'marine_biology', 'grammar'],
  ]);
});

test('an earlier candidate wins over a later one', async () => {
  await write('lambada/lambada_test.jsonl', jsonl(LAMBADA_COLUMNS));
  await write('lambada_openai.jsonl', jsonl(LAMBADA_COLUMNS.slice(0, 1)));
  const { provenance } = await loadTaskRows(lambadaOpenai, folder);
  expect(provenance.files[0]!.name).toBe('lambada_openai.jsonl');
  expect(provenance.rowsInFile).toBe(1);
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

test('seed: a sample in the order of the file, the same for the same seed', async () => {
  const texts = Array.from({ length: 50 }, (_, i) => ({ text: `word w${i}` }));
  await write('lambada_openai.jsonl', jsonl(texts));
  const sample = async (seed: number) => {
    const { rows, provenance } = await loadTaskRows(lambadaOpenai, folder, { limit: 10, seed });
    expect(provenance).toMatchObject({ limit: 10, seed, rowsUsed: 10 });
    return rows.map((row) => Number(row.target.slice(1)));
  };
  const first = await sample(1);
  expect(first).toEqual(first.toSorted((a, b) => a - b));
  expect(new Set(first).size).toBe(10);
  expect(first).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(await sample(1)).toEqual(first);
  expect(await sample(2)).not.toEqual(first);
});

test('bad rows are left out only when asked, and counted', async () => {
  const [a, b] = LAMBADA_COLUMNS;
  await write('lambada_openai.jsonl', `${jsonl([a!])}{\n${jsonl([{ text: 'word' }, b!])}`);
  await expect(loadTaskRows(lambadaOpenai, folder)).rejects.toThrow('invalid JSON');
  const { rows, provenance } = await loadTaskRows(lambadaOpenai, folder, { skipBadRows: true });
  expect(rows.map((row) => row.target)).toEqual(['lamp', 'ferry']);
  expect(provenance).toMatchObject({ rowsInFile: 4, rowsUsed: 2 });
  expect(provenance.skipped.map(({ line }) => line)).toEqual([2, 3]);
  expect(provenance.skipped[1]!.problem).toContain('text has no space');

  await write('lambada_openai.jsonl', jsonl([{ text: 'word' }]));
  await expect(loadTaskRows(lambadaOpenai, folder, { skipBadRows: true })).rejects.toThrow(
    'no good rows; the first says: lambada_openai: text has no space',
  );
});

test('a duplicate id names both rows', async () => {
  const rows = TASK_COLUMNS.boolq!;
  await write('boolq.jsonl', jsonl([...rows, { ...rows[0], label: 0 }]));
  await expect(loadTaskRows(TASKS.get('boolq')!, folder)).rejects.toThrow(
    `boolq: duplicate id, expected ids that differ; line 1 has this one, received "0" (line 3, `,
  );
});

test('labels: as many as rows, and no contradiction', async () => {
  const piqa = TASKS.get('piqa')!;
  await write('piqa/valid.jsonl', jsonl(TASK_COLUMNS.piqa!));
  await write('piqa/valid-labels.lst', '0\n');
  await expect(loadTaskRows(piqa, folder)).rejects.toThrow('expected 2 labels, received 1 (line 2, ');
  await write('piqa/valid-labels.lst', '0\n0\n');
  await expect(loadTaskRows(piqa, folder)).rejects.toThrow(
    'piqa/valid-labels.lst contradicts column "label", expected 1, received "0" (line 2, ',
  );
  await rm(join(folder, 'piqa/valid-labels.lst'));
  await expect(loadTaskRows(piqa, folder)).rejects.toThrow(NotFoundError);
});

test('XML: not well-formed, and a label outside', async () => {
  const copaTest = TASKS.get('copa_test')!;
  await write('copa_test.xml', COPA_XML.replace('</p>', ''));
  await expect(loadTaskRows(copaTest, folder)).rejects.toThrow(/invalid XML.*\(line 9, /);
  await write('copa_test.xml', COPA_XML.replace('alternative="2"', 'alternative="3"'));
  await expect(loadTaskRows(copaTest, folder)).rejects.toThrow(
    'column "label" does not fit, expected an integer from 0 to 1, or its digits, received nothing (line 11, ',
  );
  await write('copa_test.xml', '<copa-corpus></copa-corpus>');
  await expect(loadTaskRows(copaTest, folder)).rejects.toThrow('no rows');
});

test('CSV: lines behind a field with a line break, a missing column, a broken quote', async () => {
  const storycloze = TASKS.get('storycloze_2016')!;
  const name = 'storycloze/cloze_test_test__spring2016 - cloze_test_ALL_test.csv';
  await write(name, STORYCLOZE_CSV.replace(/2\n$/, '3\n'));
  await expect(loadTaskRows(storycloze, folder)).rejects.toThrow('received "3" (line 4, ');
  await write(name, STORYCLOZE_CSV.replace('InputSentence4', 'Sentence4'));
  await expect(loadTaskRows(storycloze, folder)).rejects.toThrow('column "InputSentence4" is missing');
  await write(name, STORYCLOZE_CSV.replace('together."', 'together.'));
  await expect(loadTaskRows(storycloze, folder)).rejects.toThrow('invalid CSV');
  await write(name, STORYCLOZE_CSV.split('\n', 1)[0]!);
  await expect(loadTaskRows(storycloze, folder)).rejects.toThrow('no rows');
});

test('Parquet: broken, and a row that does not fit', async () => {
  const piqa = TASKS.get('piqa')!;
  await write('piqa/validation.parquet', 'not Parquet');
  await expect(loadTaskRows(piqa, folder)).rejects.toThrow('piqa: broken Parquet file');
  const [a, b] = TASK_COLUMNS.piqa!;
  await write('piqa/validation.parquet', parquet([a!, { ...b!, label: -1 }]));
  await expect(loadTaskRows(piqa, folder)).rejects.toThrow('received -1 (row 2, ');
});

test('an empty file has no rows', async () => {
  await write('lambada_openai.jsonl', '');
  await expect(loadTaskRows(lambadaOpenai, folder)).rejects.toThrow('no rows, expected at least one');
});

test.each([0, -1, 1.5, Number.NaN])('refuses limit %d', async (limit) => {
  await expect(loadTaskRows(lambadaOpenai, folder, { limit })).rejects.toThrow(InvalidInputError);
});

test('nothing found: every name that was looked for, and where', async () => {
  await expect(loadTaskRows(lambadaOpenai, folder)).rejects.toThrow(NotFoundError);
  await expect(loadTaskRows(lambadaOpenai, folder)).rejects.toThrow(
    'loadTaskRows: no data of task "lambada_openai", expected one of: ' +
      'lambada_openai.jsonl, lambada_openai.jsonl.gz, ' +
      'lambada_openai/test.jsonl, lambada_openai/test.jsonl.gz, lambada_openai/test.parquet, ' +
      'lambada_openai/data/lambada_test.jsonl, lambada_openai/data/lambada_test.jsonl.gz, ' +
      'lambada_openai/lambada_test.jsonl, lambada_openai/lambada_test.jsonl.gz, ' +
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
