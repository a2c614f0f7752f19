/** @file The text of a data file to the rows of a task, for both layouts. Pure: the caller reads the file. */
import type { DataFile, RowPlace, Task } from '../task.ts';
import { describe, rowError } from './row-reader.ts';

/**
 * Every row of a data file.
 * @param text the whole file; lines end in LF or CRLF, the last line may lack its end
 * @param path name of the file, for errors
 * @throws {InvalidInputError} on the first bad row, and on a file without rows
 */
export function parseRows<Row>(
  task: Task<Row>,
  file: DataFile<Row>,
  text: string,
  path: string = file.path,
): Row[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop(); // the end of the last line, not a line of its own
  if (lines.length === 0) {
    throw rowError(
      task.name,
      { path, line: 1 },
      { problem: 'no rows', expected: 'at least one', received: 0 },
    );
  }
  for (let i = 0; i < lines.length; i++) if (lines[i]!.endsWith('\r')) lines[i] = lines[i]!.slice(0, -1);
  return file.layout === 'jsonl' ? jsonLines(task, lines, path) : lineGroups(task, file, lines, path);
}

function jsonLines<Row>(task: Task<Row>, lines: readonly string[], path: string): Row[] {
  return lines.map((line, i) =>
    task.parseRow(parseJson(task.name, line, { path, line: i + 1 }), { path, line: i + 1 }),
  );
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
): Row[] {
  const size = file.linesPerRow;
  const rows: Row[] = [];
  for (let start = 0; start < lines.length; start += size) {
    const group = lines.slice(start, start + size);
    const place = { path, line: start + 1 };
    if (group.length < size) {
      throw rowError(task.name, place, {
        problem: 'incomplete last row',
        expected: `${size} lines per row`,
        received: group.length,
      });
    }
    rows.push(file.parseLines(group, place));
  }
  return rows;
}
