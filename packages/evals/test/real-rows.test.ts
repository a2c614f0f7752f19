/** @file The published rows, read where they lie; none of them is kept here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byteTokenizer } from '../src/__fixtures__/toy-model.ts';
import { hellaswag, lambadaOpenai, prepareTask, type Task } from '../src/index.ts';
import { loadTaskRows } from '../src/node.ts';

const shared = process.env.BITCLIFF_SHARED;
const MAX_LENGTH = 2048;

/** Row count and hash that the manifest states for a file. */
function manifestEntry(dataDir: string, file: string): { rows: number; sha256: string } {
  const line = readFileSync(join(dataDir, 'MANIFEST.md'), 'utf8')
    .split('\n')
    .find((candidate) => candidate.startsWith(`| \`${file}\` |`))!;
  const cells = line.split(' | ');
  return { rows: Number.parseInt(cells[2]!, 10), sha256: /`([0-9a-f]{64})`/.exec(line)![1]! };
}

const cases: [string, Task, string][] = [
  ['hellaswag', hellaswag as Task, 'hellaswag/hellaswag_val_full.txt.gz'],
  ['lambada_openai', lambadaOpenai as Task, 'lambada/lambada_test.jsonl'],
];

describe.skipIf(shared === undefined)('published rows (skipped when BITCLIFF_SHARED is unset)', () => {
  test.each(cases)('%s: every row is read and prepared', async (_name, task, file) => {
    const dataDir = join(shared!, 'data');
    const manifest = manifestEntry(dataDir, file);
    const { rows, provenance } = await loadTaskRows(task, dataDir);
    expect(provenance).toMatchObject({ file, sha256: manifest.sha256, rowsInFile: manifest.rows });
    expect(rows.length).toBe(manifest.rows);

    const prepared = prepareTask(task, rows, byteTokenizer(), { maxLength: MAX_LENGTH });
    expect(prepared.items.length).toBe(rows.length);
    expect(prepared.truncated).toBe(0);
    for (const { start, end, item } of prepared.items) {
      expect(end - start).toBe(item.requests.length);
      const { context, continuation } = item.requests[0]!;
      const bytes = new TextEncoder().encode(context + continuation).length;
      const request = prepared.requests[start]!;
      expect(request.context.length + request.continuation.length).toBe(bytes);
    }
  });

  test('hellaswag text layout: the counts that the task README states', async () => {
    const { rows, provenance } = await loadTaskRows(hellaswag, join(shared!, 'data'));
    if (provenance.rowsInFile !== 6695) return; // another part of the data
    const strings = rows.flatMap(({ query, endings }) => [query, ...endings]);
    const count = (pattern: RegExp): number => strings.filter((text) => pattern.test(text)).length;
    expect(count(/\[title\]|\[header\]|\[step\]|\[substeps\]/)).toBe(0);
    expect(count(/ {2}/)).toBe(0);
    expect(count(/^\s|\s$/)).toBe(0);
    expect(count(/\[[^\n]*?\]/)).toBe(11);
    expect(rows.filter(({ query }) => /[.!?"')] [a-z][^.!?]*$/.test(query)).length).toBe(2159);
  });
});
