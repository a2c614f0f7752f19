import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { DataFile, Task } from '../task.ts';
import { HELLASWAG_TEXT } from './rows.ts';
import { COPA_XML, STORYCLOZE_CSV, TASK_COLUMNS } from './task-rows.ts';

/** Rows as JSON lines. */
export const jsonl = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** Rows as Parquet in the types of the Hub's converter: strings, 64-bit integers, lists, structures; types by the values of the first row. */
export function parquet(rows: readonly Readonly<Record<string, unknown>>[]): Uint8Array {
  const names = Object.keys(rows[0]!);
  const fields = names.flatMap((name) => schemaOf(name, rows[0]![name]));
  const columnData = names.map((name) => ({
    name,
    data: rows.map((row) => {
      const isText = typeof rows[0]![name] === 'string';
      return isText ? String(row[name]) : typeof row[name] === 'number' ? BigInt(row[name]) : row[name];
    }),
  }));
  const schema = [{ name: 'root', num_children: names.length }, ...fields];
  return new Uint8Array(parquetWriteBuffer({ schema, columnData }));
}

function schemaOf(name: string, value: unknown): SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' } as const;
  if (typeof value === 'string') return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }];
  if (typeof value === 'number') return [{ ...optional, type: 'INT64' }];
  if (Array.isArray(value)) {
    return [
      { ...optional, num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      ...schemaOf('element', value[0]),
    ];
  }
  const inner = Object.entries(value as object);
  return [
    { ...optional, num_children: inner.length },
    ...inner.flatMap(([key, child]) => schemaOf(key, child)),
  ];
}

/** Write a file below a folder that need not exist. */
export async function write(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), content);
}

/** Write the invented rows of a task as one of its files; a `*` becomes a name. */
export async function writeFixture(task: Task, file: DataFile, folder: string): Promise<void> {
  const rows = TASK_COLUMNS[task.name]!;
  const path = file.path.replaceAll('*', 'x');
  switch (file.layout) {
    case 'jsonl':
      return write(folder, path, jsonl(rows));
    case 'parquet':
      return write(folder, path, parquet(rows));
    case 'jsonlLabels': {
      const labels = rows.map((row) => `${String(row[file.column])}\n`);
      const bare = rows.map((row) => ({ ...row, [file.column]: undefined }));
      await write(folder, path, jsonl(bare));
      return write(folder, file.labels, labels.join(''));
    }
    case 'csv':
      return write(folder, path, STORYCLOZE_CSV);
    case 'xml':
      return write(folder, path, COPA_XML);
    case 'lineGroups':
      return write(folder, path, HELLASWAG_TEXT);
    case 'text':
      return write(folder, path, rows.map((row) => String(row.page ?? row.text)).join('\n'));
  }
}
