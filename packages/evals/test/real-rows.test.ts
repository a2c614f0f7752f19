/** @file The published rows, read where they lie; none of them is kept here. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byteTokenizer, toyLogLikelihood } from '../src/__fixtures__/toy-model.ts';
import { type DataFile, hellaswag, prepareTask, scoreTask, TASKS } from '../src/index.ts';
import { loadTaskRows } from '../src/node.ts';

const shared = process.env.BITCLIFF_SHARED;
const dataDir = join(shared ?? '', 'data');
const MAX_LENGTH = 2048;

/** Row count and hash that the manifest states for a file. */
function manifestEntry(file: string): { rows: number; sha256: string } {
  const line = readFileSync(join(dataDir, 'MANIFEST.md'), 'utf8')
    .split('\n')
    .find((candidate) => candidate.startsWith(`| \`${file}\` |`))!;
  const cells = line.split(' | ');
  return { rows: Number.parseInt(cells[2]!, 10), sha256: /`([0-9a-f]{64})`/.exec(line)![1]! };
}

const xml = TASKS.get('copa_test')!.files.find(({ layout }) => layout === 'xml')!;
const text = (task: string): DataFile => TASKS.get(task)!.files.find(({ layout }) => layout === 'text')!;
const at = (path: string, file: DataFile): DataFile => ({ ...file, path });

const storycloze = 'storycloze/cloze_test_test__spring2016-cloze_test_ALL_test.csv';
type Case = { name: string; files: string[]; from?: DataFile };
const cases: Case[] = [
  { name: 'piqa', files: ['piqa/valid.jsonl', 'piqa/valid-labels.lst'] },
  { name: 'hellaswag', files: ['hellaswag/hellaswag_val_full.txt.gz'] },
  { name: 'winogrande', files: ['winogrande/dev.jsonl', 'winogrande/dev-labels.lst'] },
  { name: 'lambada_openai', files: ['lambada/lambada_test.jsonl'] },
  { name: 'copa', files: ['copa/superglue-copa-val.jsonl'] },
  // not the test split, but in its format
  {
    name: 'copa_test',
    files: ['copa/balanced-copa-dev-all.xml'],
    from: at('copa/balanced-copa-dev-all.xml', xml),
  },
  { name: 'c4', files: ['text/c4-sample.json.gz'] },
];

/** Every row is read and prepared, from the file that the manifest names. */
async function readAll({ name, files, from }: Case): Promise<void> {
  const task = TASKS.get(name)!;
  const { rows, provenance } = await loadTaskRows(task, dataDir, from === undefined ? {} : { files: [from] });
  expect(provenance.files).toEqual(files.map((file) => ({ name: file, sha256: manifestEntry(file).sha256 })));
  expect(provenance.rowsInFile).toBe(manifestEntry(files[0]!).rows);
  expect(rows.length).toBe(provenance.rowsInFile);

  const prepared = prepareTask(task, rows, byteTokenizer(), { maxLength: MAX_LENGTH });
  expect(prepared.items.length).toBe(rows.length);
  if (task.outputType === 'loglikelihood_rolling') return;
  expect(prepared.truncated).toBe(0);
  for (const { start, end, item } of prepared.items) {
    expect(end - start).toBe(item.requests.length);
    const { context, continuation } = item.requests[0]!;
    const bytes = new TextEncoder().encode(context + continuation).length;
    const request = prepared.requests[start]!;
    expect(request.context.length + request.continuation.length).toBe(bytes);
  }
}

describe.skipIf(shared === undefined)('published rows (skipped when BITCLIFF_SHARED is unset)', () => {
  test.each(cases)('$name: every row is read and prepared', readAll);

  const isHere = existsSync(join(dataDir, storycloze));
  test.skipIf(!isHere)('storycloze_2016 (skipped where its file, which may not be passed on, is not)', () =>
    readAll({ name: 'storycloze_2016', files: [storycloze] }),
  );

  test('WikiText: pages, and both protocols of windows', async () => {
    const file = 'wikitext-2/valid.raw.txt';
    const load = async (name: string) => {
      const from = at(file, text(name));
      const { rows } = await loadTaskRows(TASKS.get(name)!, dataDir, { files: [from] });
      return rows;
    };
    const pages = await load('wikitext');
    expect(pages.length).toBe(60); // the published number of articles of the validation split
    const whole = readFileSync(join(dataDir, file), 'utf8');
    expect(
      (pages as { text: string }[])
        .map(({ text: page }) => page)
        .join('\n')
        .trim(),
    ).toBe(whole.trim());

    const options = { maxLength: MAX_LENGTH };
    const gptq = prepareTask(
      TASKS.get('wikitext2_gptq')!,
      await load('wikitext2_gptq'),
      byteTokenizer(),
      options,
    );
    expect(gptq.requests.every(({ continuation }) => continuation.length === 2047)).toBe(true);
    const llamacpp = prepareTask(
      TASKS.get('wikitext2_llamacpp')!,
      await load('wikitext2_llamacpp'),
      byteTokenizer(),
      options,
    );
    expect(llamacpp.requests.length).toBe(Math.floor(new TextEncoder().encode(whole).length / 512));
    expect(llamacpp.requests.every(({ continuation }) => continuation.length === 255)).toBe(true);
  });

  test('the first rows are scored, whatever a short window cuts', async () => {
    for (const { name, from } of cases) {
      if (from !== undefined) continue;
      const task = TASKS.get(name)!;
      const { rows } = await loadTaskRows(task, dataDir, { limit: 3 });
      const prepared = prepareTask(task, rows, byteTokenizer(true), { maxLength: 32 });
      const result = scoreTask(prepared, await toyLogLikelihood(prepared.requests));
      expect(Number.isFinite(result.metrics[task.headline]!.value)).toBe(true);
      expect(result.truncated).toBeGreaterThanOrEqual(result.continuationsCut);
    }
  });

  test('hellaswag text layout: the counts that the task README states', async () => {
    const { rows, provenance } = await loadTaskRows(hellaswag, dataDir);
    if (provenance.rowsInFile !== 6695) return; // another part of the data
    const strings = rows.flatMap(({ query, endings }) => [query, ...endings]);
    const count = (pattern: RegExp): number => strings.filter((line) => pattern.test(line)).length;
    expect(count(/\[title\]|\[header\]|\[step\]|\[substeps\]/)).toBe(0);
    expect(count(/ {2}/)).toBe(0);
    expect(count(/^\s|\s$/)).toBe(0);
    expect(count(/\[[^\n]*?\]/)).toBe(11);
    expect(rows.filter(({ query }) => /[.!?"')] [a-z][^.!?]*$/.test(query)).length).toBe(2159);
  });
});
