import type { Report, Table } from '../report.ts';
import { csvField } from './escape.ts';

/**
 * Every table as a CSV file (RFC 4180, a head line, full precision). Standard errors and marks have columns of their own; the last column has the
 * keys of the runs that the row was made from.
 * @returns text by file name, such as `scores.csv`
 */
export function renderCsv(report: Report): Map<string, string> {
  const tables = report.sections.flatMap((section) => section.tables);
  return new Map(tables.map((table) => [`${table.id}.csv`, tableCsv(table)]));
}

function tableCsv({ columns, rows }: Table): string {
  const extras = columns.map((_, c) => ({
    stderr: rows.some((row) => row[c]!.stderr != null),
    mark: rows.some((row) => row[c]!.mark !== undefined),
  }));
  const head = columns.flatMap(({ label }, c) => [
    label,
    ...(extras[c]!.stderr ? [`${label}, standard error`] : []),
    ...(extras[c]!.mark ? [`${label}, mark`] : []),
  ]);
  const lines = rows.map((row) => [
    ...row.flatMap(({ value, stderr = null, mark = null }, c) => [
      value,
      ...(extras[c]!.stderr ? [stderr] : []),
      ...(extras[c]!.mark ? [mark] : []),
    ]),
    [...new Set(row.flatMap(({ runs }) => runs))].join(' '),
  ]);
  return [[...head, 'runs'], ...lines].map((line) => `${line.map(csvField).join(',')}\r\n`).join('');
}
