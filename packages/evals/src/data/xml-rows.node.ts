import { InvalidInputError } from '@bitcliff/core';
import { SaxesParser } from 'saxes';
import type { DataFile, Task } from '../task.ts';
import { columnsRow, type RawRow } from './raw-row.ts';

/**
 * The records of an XML file: one per element `file.item`, its attributes and the texts of its children as fields. Document types and entities of
 * a file's own are not read.
 * @throws {InvalidInputError} when the text is not well-formed XML
 */
export function xmlRows<Row>(
  task: Task<Row>,
  file: Extract<DataFile<Row>, { layout: 'xml' }>,
  text: string,
  path: string,
): RawRow<Row>[] {
  const rows: RawRow<Row>[] = [];
  const parser = new SaxesParser({ xmlns: false, position: true });
  let item: { fields: Record<string, string>; line: number } | undefined;
  let child: string | undefined;
  parser.on('opentag', ({ name, attributes }) => {
    if (name === file.item) item = { fields: { ...attributes }, line: parser.line };
    else if (item !== undefined) {
      child = name;
      item.fields[name] = '';
    }
  });
  parser.on('text', (part) => {
    if (item !== undefined && child !== undefined) item.fields[child] += part;
  });
  parser.on('closetag', ({ name }) => {
    child = undefined;
    if (name !== file.item || item === undefined) return;
    const { fields, line } = item;
    rows.push(columnsRow(task, { path, line }, () => file.toColumns(fields)));
    item = undefined;
  });
  parser.on('error', (cause) => {
    throw new InvalidInputError({
      op: task.name,
      problem: 'invalid XML',
      expected: `well-formed XML with elements <${file.item}>`,
      received: cause.message,
      where: `line ${parser.line}`,
      path,
      cause,
    });
  });
  parser.write(text).close();
  return rows;
}
