import { glob } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { createRng, InvalidInputError, NotFoundError } from '@bitcliff/core';
import type { DataFile, Task } from '../task.ts';
import { csvRows } from './csv-rows.node.ts';
import { parquetRows } from './parquet-rows.node.ts';
import { textRows } from './parse-rows.ts';
import { collectRows, type RawRow, type SkippedRow } from './raw-row.ts';
import { decodeUtf8, isFile, readDataFile } from './read-data-file.node.ts';
import { xmlRows } from './xml-rows.node.ts';

/** Which rows to take, and from where. */
export interface LoadRowsOptions<Row = unknown> {
  /** Take `limit` rows; the whole file is checked all the same. @default all rows */
  readonly limit?: number | undefined;
  /** Which of them: drawn at random by this seed, in the file's order; no effect without `limit`. @default the first, as `--limit` of the harness */
  readonly seed?: number | undefined;
  /** Leave bad rows out and count them; a file that is bad as a whole is refused all the same. @default false */
  readonly skipBadRows?: boolean | undefined;
  /** Candidate files in place of the task's own. */
  readonly files?: readonly DataFile<Row>[] | undefined;
  /** `dataDir` is a snapshot of the task's data set on the Hub at this commit: its `hub.file` is read. */
  readonly commit?: string | undefined;
}

/** Where rows came from: goes into every result record. */
export interface RowsProvenance {
  /** The files read: names relative to the data folder, with forward slashes, the same on every machine; hex SHA-256 as they lie on disk. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
  readonly layout: DataFile['layout'];
  /** Data set on the Hub and its commit; null for local files. */
  readonly dataset: string | null;
  readonly revision: string | null;
  /** Rows of the files, skipped ones included. */
  readonly rowsInFile: number;
  readonly rowsUsed: number;
  readonly limit: number | null;
  readonly seed: number | null;
  /** Bad rows that were left out. */
  readonly skipped: readonly SkippedRow[];
}

/** Checked rows of one task. */
export interface LoadedRows<Row = unknown> {
  readonly rows: readonly Row[];
  readonly provenance: RowsProvenance;
}

const op = 'loadTaskRows';

/**
 * Read a task's rows from the first of its candidate files that exists; each is tried as it is, then with `.gz`.
 * @param dataDir folder that holds the data of all tasks, or the Hub's snapshot of this task's data
 * @throws {NotFoundError} when no candidate exists, listing them
 * @throws {InvalidInputError} on a bad row (file, line, problem, expected, received), a bad file, or bad options
 * @example
 * const { rows, provenance } = await loadTaskRows(hellaswag, 'data', { limit: 100 });
 */
export async function loadTaskRows<Row>(
  task: Task<Row>,
  dataDir: string,
  options: LoadRowsOptions<Row> = {},
): Promise<LoadedRows<Row>> {
  const { limit, seed, skipBadRows, commit } = options;
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1)) {
    throw new InvalidInputError({
      op,
      problem: 'bad limit',
      expected: 'an integer of at least 1',
      received: limit,
    });
  }
  const { file, names } = await findFiles(task, dataDir, candidates(task, options));
  const records: RawRow<Row>[] = [];
  const files: { name: string; sha256: string }[] = [];
  for (const name of names) {
    const found = await readRecords(task, file, dataDir, name);
    for (const record of found.records) records.push(record);
    files.push(...found.files);
  }
  const { rows: all, skipped } = collectRows(task, records, join(dataDir, names[0]!), skipBadRows);
  const rows = chooseRows(all, limit, seed);
  return {
    rows,
    provenance: {
      files,
      layout: file.layout,
      dataset: commit === undefined ? null : task.hub!.repo,
      revision: commit ?? null,
      rowsInFile: records.length,
      rowsUsed: rows.length,
      limit: limit ?? null,
      seed: limit === undefined ? null : (seed ?? null),
      skipped,
    },
  };
}

function chooseRows<Row>(rows: Row[], limit: number | undefined, seed: number | undefined): Row[] {
  if (limit === undefined || limit >= rows.length) return rows;
  if (seed === undefined) return rows.slice(0, limit);
  const order = createRng(seed).shuffle(rows.map((_, i) => i));
  const chosen = order.slice(0, limit).sort((a, b) => a - b);
  return chosen.map((i) => rows[i]!);
}

function candidates<Row>(task: Task<Row>, options: LoadRowsOptions<Row>): readonly DataFile<Row>[] {
  if (options.files !== undefined) return options.files;
  if (options.commit === undefined) return task.files;
  if (task.hub !== undefined) return [task.hub.file];
  throw new NotFoundError({ op, problem: `the data of task "${task.name}" is not on the Hub` });
}

async function findFiles<Row>(
  task: Task<Row>,
  dataDir: string,
  files: readonly DataFile<Row>[],
): Promise<{ file: DataFile<Row>; names: string[] }> {
  const tried: string[] = [];
  for (const file of files) {
    for (const name of file.layout === 'parquet' ? [file.path] : [file.path, `${file.path}.gz`]) {
      const names = await matches(dataDir, name);
      if (names.length > 0) return { file, names };
      tried.push(name);
    }
  }
  throw new NotFoundError({
    op,
    problem: `no data of task "${task.name}"`,
    expected: `one of: ${tried.join(', ')}`,
    path: dataDir,
  });
}

/** The file itself, or all that its `*` stand for, ordered by name. */
async function matches(dataDir: string, name: string): Promise<string[]> {
  if (!name.includes('*')) return (await isFile(join(dataDir, name))) ? [name] : [];
  const found: string[] = [];
  for await (const match of glob(name, { cwd: dataDir })) found.push(match.split(sep).join('/'));
  return found.sort();
}

async function readRecords<Row>(
  task: Task<Row>,
  file: DataFile<Row>,
  dataDir: string,
  name: string,
): Promise<{ records: RawRow<Row>[]; files: { name: string; sha256: string }[] }> {
  const path = join(dataDir, name);
  const { content, sha256 } = await readDataFile(path);
  const files = [{ name, sha256 }];
  if (file.layout === 'parquet') return { records: await parquetRows(task, content, path), files };
  const text = decodeUtf8(content, path);
  if (file.layout === 'csv') return { records: csvRows(task, file, text, path), files };
  if (file.layout === 'xml') return { records: xmlRows(task, file, text, path), files };
  if (file.layout !== 'jsonlLabels') return { records: textRows(task, file, text, path), files };
  const labelsPath = join(dataDir, file.labels);
  const labels = await readDataFile(labelsPath);
  files.push({ name: file.labels, sha256: labels.sha256 });
  const records = textRows(task, file, text, path, decodeUtf8(labels.content, labelsPath));
  return { records, files };
}
