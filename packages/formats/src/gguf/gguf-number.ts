import { FormatError } from '@bitcliff/core';
import type { GgufValue } from './gguf-value.ts';

/**
 * A numeric metadata value as a number. Files store the same count as u32 or u64, and the spec asks readers to take both.
 * @param fields the metadata of a file  @param key the key  @param path what errors call the file
 * @returns the number, or undefined when there is no such key
 * @throws {FormatError} when the value is not a number, or a 64-bit integer beyond ±(2^53 − 1)
 * @example
 * ggufNumber(file.fields, 'llama.block_count'); // 32
 */
export function ggufNumber(
  fields: ReadonlyMap<string, GgufValue>,
  key: string,
  path?: string,
): number | undefined {
  const field = fields.get(key);
  if (field === undefined) return undefined;
  const { value } = field;
  if (typeof value === 'number') return value;
  if (
    typeof value === 'bigint' &&
    BigInt.asIntN(54, value) === value &&
    Number.isSafeInteger(Number(value))
  ) {
    return Number(value);
  }
  throw new FormatError({
    op: 'ggufNumber',
    problem: 'not a number that JavaScript holds exactly',
    expected: 'a number, an integer within ±(2^53 - 1)',
    received: typeof value === 'bigint' ? `${value}` : field.type,
    where: `key ${JSON.stringify(key)}`,
    ...(path === undefined ? {} : { path }),
  });
}
