/** @file The text of a data file to the rows of a task, for the layouts that need no library. Pure: the caller reads the file. */
import { InternalError } from '@bitcliff/core';
import type { DataFile, RowPlace, Task } from '../task.ts';
import { collectRows, columnsRow, type RawRow } from './raw-row.ts';
import { describe, rowError } from './row-reader.ts';

/** Layouts that {@link parseRows} reads. */
export type TextLayout = 'jsonl' | 'jsonlLabels' | 'lineGroups' | 'text';

/**
 * Every row of a data file.
 * @param text the whole file; lines end in LF or CRLF, the last line may lack its end
 * @param path name of the file, for errors
 * @param labels the second file of layout `jsonlLabels`, whole
 * @throws {InvalidInputError} on the first bad row, a duplicate id, and a file without rows
 */
export function parseRows<Row>(
  task: Task<Row>,
  file: Extract<DataFile<Row>, { layout: TextLayout }>,
  text: string,
  path: string = file.path,
  labels?: string,
): Row[] {
  return collectRows(task, textRows(task, file, text, path, labels), path).rows;
}

/** The records of a text file, unchecked. @throws {InvalidInputError} on what is wrong with the file as a whole */
export function textRows<Row>(
  task: Task<Row>,
  file: Extract<DataFile<Row>, { layout: TextLayout }>,
  text: string,
  path: string,
  labels?: string,
): RawRow<Row>[] {
  switch (file.layout) {
    case 'jsonl':
      return jsonLines(task, splitLines(text), path);
    case 'jsonlLabels': {
      if (labels === undefined) throw new InternalError('a layout with labels is read without them');
      return labelledLines(task, file, splitLines(text), path, splitLines(labels));
    }
    case 'lineGroups':
      return lineGroups(task, file, splitLines(text), path);
    case 'text':
      return file.split(text).map(({ columns, line }) => columnsRow(task, { path, line }, () => columns));
  }
}

function splitLines(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop(); // the end of the last line, not a line of its own
  for (let i = 0; i < lines.length; i++) if (lines[i]!.endsWith('\r')) lines[i] = lines[i]!.slice(0, -1);
  return lines;
}

function jsonLines<Row>(task: Task<Row>, lines: readonly string[], path: string): RawRow<Row>[] {
  return lines.map((line, i) => {
    const place = { path, line: i + 1 };
    return columnsRow(task, place, () => parseJson(task.name, line, place));
  });
}

function labelledLines<Row>(
  task: Task<Row>,
  file: Extract<DataFile<Row>, { layout: 'jsonlLabels' }>,
  lines: readonly string[],
  path: string,
  labels: readonly string[],
): RawRow<Row>[] {
  if (labels.length !== lines.length) {
    const place = { path, line: Math.min(labels.length, lines.length) + 1 };
    throw rowError(task.name, place, {
      problem: `${file.labels} is not of the same rows`,
      expected: `${lines.length} labels`,
      received: labels.length,
    });
  }
  return lines.map((line, i) => {
    const place = { path, line: i + 1 };
    return columnsRow(task, place, () => {
      const columns = parseJson(task.name, line, place) as Record<string, unknown>;
      const own = columns?.[file.column];
      if (own !== undefined && String(own) !== labels[i]) {
        throw rowError(task.name, place, {
          problem: `${file.labels} contradicts column "${file.column}"`,
          expected: describe(own),
          received: describe(labels[i]),
        });
      }
      return Array.isArray(columns) || columns === null ? columns : { ...columns, [file.column]: labels[i] };
    });
  });
}

function parseJson(op: string, line: string, place: RowPlace): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    const problem = line.trim() === '' ? 'blank line' : 'invalid JSON';
    throw rowError(op, place, { problem, expected: 'one JSON object', received: describe(line), cause });
  }
}

function lineGroups<Row>(
  task: Task<Row>,
  file: Extract<DataFile<Row>, { layout: 'lineGroups' }>,
  lines: readonly string[],
  path: string,
): RawRow<Row>[] {
  const size = file.linesPerRow;
  return Array.from({ length: Math.ceil(lines.length / size) }, (_, i) => {
    const place = { path, line: i * size + 1 };
    const group = lines.slice(i * size, (i + 1) * size);
    return {
      place,
      read() {
        if (group.length === size) return { row: file.parseLines(group, place) };
        throw rowError(task.name, place, {
          problem: 'incomplete last row',
          expected: `${size} lines per row`,
          received: group.length,
        });
      },
    };
  });
}
