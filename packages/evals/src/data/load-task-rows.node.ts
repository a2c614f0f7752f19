import { join } from 'node:path';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import type { DataFile, Task } from '../task.ts';
import { parseRows } from './parse-rows.ts';
import { isFile, readTextFile } from './read-text.node.ts';

/** Which rows to take. */
export interface LoadRowsOptions {
  /** Take the first `limit` rows, as `--limit` of the harness; the whole file is checked all the same. @default all rows */
  readonly limit?: number | undefined;
}

/** Where rows came from: goes into every result record. */
export interface RowsProvenance {
  /** The file, relative to the data folder, with forward slashes: the same on every machine. */
  readonly file: string;
  readonly layout: DataFile['layout'];
  /** Hex SHA-256 of the file as it lies on disk (compressed, if it is). */
  readonly sha256: string;
  readonly rowsInFile: number;
  readonly rowsUsed: number;
}

/** Checked rows of one task. */
export interface LoadedRows<Row = unknown> {
  readonly rows: readonly Row[];
  readonly provenance: RowsProvenance;
}

/**
 * Read a task's rows from the first of its candidate files that exists; each is tried as it is, then with `.gz`.
 * @param dataDir folder that holds the data of all tasks
 * @throws {NotFoundError} when no candidate exists, listing them
 * @throws {InvalidInputError} on a bad row (file, line, problem, expected, received), a bad file, or a bad `limit`
 * @example
 * const { rows, provenance } = await loadTaskRows(hellaswag, 'data', { limit: 100 });
 */
export async function loadTaskRows<Row>(
  task: Task<Row>,
  dataDir: string,
  options: LoadRowsOptions = {},
): Promise<LoadedRows<Row>> {
  const { limit } = options;
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1)) {
    throw new InvalidInputError({
      op: 'loadTaskRows',
      problem: 'bad limit',
      expected: 'an integer of at least 1',
      received: limit,
    });
  }
  const found = await findFile(task, dataDir);
  const path = join(dataDir, found.name);
  const { text, sha256 } = await readTextFile(path);
  const all = parseRows(task, found.file, text, path);
  const rows = limit === undefined ? all : all.slice(0, limit);
  return {
    rows,
    provenance: {
      file: found.name,
      layout: found.file.layout,
      sha256,
      rowsInFile: all.length,
      rowsUsed: rows.length,
    },
  };
}

async function findFile<Row>(
  task: Task<Row>,
  dataDir: string,
): Promise<{ name: string; file: DataFile<Row> }> {
  const tried: string[] = [];
  for (const file of task.files) {
    for (const name of [file.path, `${file.path}.gz`]) {
      if (await isFile(join(dataDir, name))) return { name, file };
      tried.push(name);
    }
  }
  throw new NotFoundError({
    op: 'loadTaskRows',
    problem: `no data of task "${task.name}"`,
    expected: `one of: ${tried.join(', ')}`,
    path: dataDir,
  });
}
