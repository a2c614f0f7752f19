/** @file A study's records as JSON lines and as Parquet, for other programs. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RECORD_KINDS } from '../records.ts';
import { type Database, openDatabase } from './database.node.ts';
import { writeParquet } from './parquet-rows.node.ts';
import { fromStoredJson, toStoredJson } from './stored-json.ts';
import { readStudy } from './study-records.node.ts';

/** Layouts of an export. */
export const EXPORT_FORMATS = ['jsonl', 'parquet'] as const;
/** One of them. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** A file of an export. */
export interface ExportedFile {
  readonly file: string;
  readonly rows: number;
}

/** Items that are in memory at a time. */
const BATCH = 20_000;

/**
 * Write a file per kind of records, `items` (one row per item of a task and variant) and `manifests` into a folder. In Parquet, fields that are not single
 * numbers, texts or truth values are JSON.
 * @throws {StoreError} for a file that is no store
 */
export async function exportStudy(
  store: string,
  folder: string,
  format: ExportFormat,
): Promise<ExportedFile[]> {
  const db = openDatabase(store, { readOnly: true });
  try {
    const study = readStudy(db);
    await mkdir(folder, { recursive: true });
    const written: ExportedFile[] = [];
    const write = async (name: string, batches: () => Iterable<readonly object[]>): Promise<void> => {
      const file = join(folder, `${name}.${format}`);
      const rows = await (format === 'jsonl' ? writeLines : writeParquet)(`${file}.partial`, batches);
      await rename(`${file}.partial`, file);
      written.push({ file, rows });
    };
    const runs = new Set<string>();
    for (const kind of RECORD_KINDS) {
      const records = study.records(kind);
      for (const { run } of records) if (run !== null) runs.add(run);
      if (records.length > 0) await write(kind, () => [records]);
    }
    if (runs.size > 0) await write('manifests', () => [[...runs].map(study.manifest)]);
    if (study.records('task').length > 0) await write('items', () => itemBatches(db));
    return written;
  } finally {
    db.close();
  }
}

function* itemBatches(db: Database): Iterable<object[]> {
  const runs = db.all(
    `SELECT runs.id, grid.run, grid.checkpoint, grid.variant, json_extract(grid.subject, '$.task') AS task
     FROM grid JOIN runs ON runs.run = grid.run WHERE grid.kind = 'task' AND runs.state = 'done' ORDER BY position`,
  );
  for (const { id, ...place } of runs) {
    for (let last = -1; ; ) {
      const rows = db.all(
        'SELECT item, sample FROM items WHERE run = ? AND item > ? ORDER BY item LIMIT ?',
        id!,
        last,
        BATCH,
      );
      yield rows.map(({ item, sample }) => {
        const value = fromStoredJson(String(sample)) as { readonly correct: boolean };
        return { ...place, item, correct: value.correct, sample: value };
      });
      if (rows.length < BATCH) break;
      last = Number(rows.at(-1)!.item);
    }
  }
}

async function writeLines(path: string, batches: () => Iterable<readonly object[]>): Promise<number> {
  let count = 0;
  function* lines(): Iterable<string> {
    for (const rows of batches()) {
      for (const row of rows) {
        yield `${toStoredJson(row)}\n`;
        count++;
      }
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
  return count;
}
