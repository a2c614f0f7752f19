import { BitcliffError, InvalidInputError } from '@bitcliff/core';
import type { RowPlace, Task } from '../task.ts';
import { rowError } from './row-reader.ts';

/** A record of a file before it is checked. */
export interface RawRow<Row> {
  readonly place: RowPlace;
  /** The record as a row, and what must not occur twice. @throws {InvalidInputError} when it is bad */
  read(): { readonly row: Row; readonly id?: string | undefined };
}

/** A bad row that was left out. */
export interface SkippedRow {
  /** Line of the row, from 1; its number in a file without lines. */
  readonly line: number;
  readonly path?: string | undefined;
  /** What an error would have said. */
  readonly problem: string;
}

/** A record whose columns are those of the Hugging Face data set. */
export function columnsRow<Row>(task: Task<Row>, place: RowPlace, columns: () => unknown): RawRow<Row> {
  return {
    place,
    read() {
      const values = columns();
      const row = task.parseRow(values, place);
      const id = task.idColumn === undefined ? undefined : (values as Record<string, unknown>)[task.idColumn];
      return { row, id: typeof id === 'string' || typeof id === 'number' ? String(id) : undefined };
    },
  };
}

/**
 * Check all records.
 * @param skipBadRows leave bad rows out and count them
 * @throws {InvalidInputError} on the first bad row, on a second row with the id of another, and when no row is left
 */
export function collectRows<Row>(
  task: Task<Row>,
  records: readonly RawRow<Row>[],
  path: string,
  skipBadRows: boolean = false,
): { rows: Row[]; skipped: SkippedRow[] } {
  const rows: Row[] = [];
  const skipped: SkippedRow[] = [];
  const seen = new Map<string, RowPlace>();
  for (const record of records) {
    try {
      const { row, id } = record.read();
      if (id !== undefined) checkId(task, id, record.place, seen);
      rows.push(row);
    } catch (error) {
      if (!skipBadRows || !(BitcliffError.isInstance(error) && error.code === 'INVALID')) throw error;
      skipped.push({ line: record.place.line, path: record.place.path, problem: error.message });
    }
  }
  if (rows.length > 0) return { rows, skipped };
  throw new InvalidInputError({
    op: task.name,
    problem: skipped.length === 0 ? 'no rows' : `no good rows; the first says: ${skipped[0]!.problem}`,
    expected: 'at least one',
    received: 0,
    where: 'line 1',
    path,
  });
}

function checkId(task: { name: string }, id: string, place: RowPlace, seen: Map<string, RowPlace>): void {
  const first = seen.get(id);
  if (first !== undefined) {
    throw rowError(task.name, place, {
      problem: 'duplicate id',
      expected: `ids that differ; ${first.unit ?? 'line'} ${first.line} has this one`,
      received: JSON.stringify(id),
    });
  }
  seen.set(id, place);
}
