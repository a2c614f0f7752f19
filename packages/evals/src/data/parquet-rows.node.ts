import { InvalidInputError } from '@bitcliff/core';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import type { Task } from '../task.ts';
import { columnsRow, type RawRow } from './raw-row.ts';
import { MAX_DATA_BYTES } from './read-data-file.node.ts';

/** Most rows of one file; the largest split of our tasks has 365,000. */
const MAX_ROWS = 10_000_000;

/**
 * The records of a Parquet file (snappy or no compression). Integers of 64 bits become numbers where they are safe.
 * @param bytes the whole file
 * @throws {InvalidInputError} when it is not Parquet, is broken, or would unpack to more than {@link MAX_DATA_BYTES}
 */
export async function parquetRows<Row>(
  task: Task<Row>,
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
): Promise<RawRow<Row>[]> {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  let records: Record<string, unknown>[];
  try {
    const metadata = parquetMetadata(buffer);
    const unpacked = metadata.row_groups.reduce((sum, group) => sum + group.total_byte_size, 0n);
    if (metadata.num_rows > MAX_ROWS || unpacked > MAX_DATA_BYTES) {
      throw new InvalidInputError({
        op: task.name,
        problem: 'file too large',
        expected: `at most ${MAX_ROWS} rows and ${MAX_DATA_BYTES} bytes unpacked`,
        received: `${metadata.num_rows} rows and ${unpacked} bytes`,
        path,
      });
    }
    records = await parquetReadObjects({ file: buffer, metadata });
  } catch (cause) {
    if (cause instanceof InvalidInputError) throw cause;
    throw new InvalidInputError({
      op: task.name,
      problem: 'broken Parquet file',
      expected: 'Parquet, compressed with snappy or not at all',
      received: cause instanceof Error ? cause.message : String(cause),
      path,
      cause,
    });
  }
  return records.map((record, i) => {
    const place = { path, line: i + 1, unit: 'row' } as const;
    return columnsRow(task, place, () => withNumbers(record));
  });
}

/** 64-bit integers as numbers, in lists and structures too; unsafe ones stay bigint, which no task takes. */
function withNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(withNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withNumbers(inner)]));
}
