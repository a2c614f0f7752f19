/** @file Rows of plain objects as a Parquet file, batch by batch. */
import { fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { toStoredJson } from './stored-json.ts';

type ColumnType = 'DOUBLE' | 'BOOLEAN' | 'STRING';

const TYPES: Readonly<Record<string, ColumnType>> = {
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  string: 'STRING',
};

/**
 * Write a file. A column is a number, text or truth value where all its values are of that kind or `null`; other columns hold JSON.
 * @param batches gives the same rows each time; it is read twice, once for the columns
 * @returns the number of rows
 */
export async function writeParquet(
  path: string,
  batches: () => Iterable<readonly object[]>,
): Promise<number> {
  const kinds = new Map<string, Set<string>>();
  for (const rows of batches()) {
    for (const row of rows) {
      for (const [name, value] of Object.entries(row)) {
        const known = kinds.get(name) ?? new Set();
        if (value !== null) known.add(typeof value);
        kinds.set(name, known);
      }
    }
  }
  const columns = [...kinds].map(([name, found]) => {
    const [kind = 'string'] = found;
    const plain = found.size <= 1 && kind in TYPES;
    return { name, plain, type: plain ? TYPES[kind]! : 'STRING' };
  });
  const columnData = (rows: readonly object[]) =>
    columns.map(({ name, plain, type }) => ({
      name,
      type,
      nullable: true,
      data: rows.map((row) => {
        const value = (row as Record<string, unknown>)[name] ?? null;
        return plain || value === null ? value : toStoredJson(value);
      }),
    }));
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: schemaFromColumnData({ columnData: columnData([]) }),
  });
  let count = 0;
  for (const rows of batches()) {
    if (rows.length > 0) await writer.write({ columnData: columnData(rows) });
    count += rows.length;
  }
  await writer.finish();
  return count;
}
