import { InvalidInputError } from '@bitcliff/core';
import { CsvError, parse } from 'csv-parse/sync';
import type { DataFile, Task } from '../task.ts';
import { columnsRow, type RawRow } from './raw-row.ts';

/**
 * The records of a CSV file with a header (RFC 4180), columns renamed as `file.columns` says; a field may hold line breaks.
 * @throws {InvalidInputError} on broken quotes, a record of another length than the header, or a column that the header lacks
 */
export function csvRows<Row>(
  task: Task<Row>,
  file: Extract<DataFile<Row>, { layout: 'csv' }>,
  text: string,
  path: string,
): RawRow<Row>[] {
  const [header, ...records] = readRecords(task.name, text, path);
  if (header === undefined) return [];
  const missing = Object.keys(file.columns).filter((name) => !header.record.includes(name));
  if (missing.length > 0) {
    throw new InvalidInputError({
      op: task.name,
      problem: `column "${missing[0]}" is missing`,
      expected: Object.keys(file.columns).join(', '),
      received: header.record.join(', ').slice(0, 200),
      where: 'line 1',
      path,
    });
  }
  let line = header.lines + 1;
  return records.map(({ record, lines }) => {
    const place = { path, line };
    line = lines + 1;
    const columns = header.record.map((name, c) => [file.columns[name] ?? name, record[c]]);
    return columnsRow(task, place, () => Object.fromEntries(columns));
  });
}

/** Fields of each record, and the line that it ends on. */
function readRecords(op: string, text: string, path: string): { record: string[]; lines: number }[] {
  try {
    const found = parse(text, { info: true, skip_empty_lines: true }) as unknown as {
      record: string[];
      info: { lines: number };
    }[];
    return found.map(({ record, info }) => ({ record, lines: info.lines }));
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const { lines } = cause as unknown as { lines?: number };
    throw new InvalidInputError({
      op,
      problem: 'invalid CSV',
      expected: 'comma-separated records as long as the header',
      received: cause.message,
      where: `line ${lines ?? 1}`,
      path,
      cause,
    });
  }
}
