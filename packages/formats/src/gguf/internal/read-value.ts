/** @file Metadata values: read, checked, and given their type. */
import { UnsupportedError } from '@bitcliff/core';
import {
  GGUF_ARRAY_COUNT_LIMIT,
  GGUF_ARRAY_DEPTH_LIMIT,
  GGUF_ARRAY_LIMIT,
  GGUF_STRING_BYTES_LIMIT,
} from '../gguf-limits.ts';
import type { GgufArray, GgufNumberType, GgufValue } from '../gguf-value.ts';
import type { HeaderReader } from './header-reader.ts';
import { isNumberType, NUMBER_ARRAYS, VALUE_TYPES, type ValueType } from './value-types.ts';

/** Fewest bytes of an element, to refuse a count that the rest of the file cannot hold before it is looped over. */
const SMALLEST = { bool: 1, string: 8, array: 12 } as const;

/**
 * Read the type of a value and the value.
 * @throws {FormatError} when it is longer than a limit or the file, or a value that its type does not have
 * @throws {UnsupportedError} on a type that the format does not have
 */
export async function readValue(reader: HeaderReader): Promise<GgufValue> {
  const type = await readType(reader);
  if (type === 'array') return readArray(reader, 1);
  if (type === 'string') return { type, value: await reader.string(GGUF_STRING_BYTES_LIMIT, 'a string') };
  if (type === 'bool') {
    if (!reader.has(1)) await reader.fill(1, 'a value');
    return { type, value: readBool(reader) };
  }
  const { value } = await readNumbers(reader, type, 1);
  return { type, value: value[0]! } as GgufValue;
}

async function readType(reader: HeaderReader): Promise<ValueType> {
  if (!reader.has(4)) await reader.fill(4, 'the type of a value');
  const number = reader.u32();
  const type = VALUE_TYPES[number];
  if (type !== undefined) return type;
  const expected = `0 to ${VALUE_TYPES.length - 1}`;
  throw new UnsupportedError(reader.fields('unknown metadata type', { expected, received: number }));
}

async function readArray(reader: HeaderReader, depth: number): Promise<GgufArray> {
  if (depth > GGUF_ARRAY_DEPTH_LIMIT) {
    const expected = `at most ${GGUF_ARRAY_DEPTH_LIMIT} levels`;
    throw reader.error('arrays are nested too deep', { expected, received: depth });
  }
  if (++reader.arrays > GGUF_ARRAY_COUNT_LIMIT) {
    throw reader.error('too many arrays', { expected: `at most ${GGUF_ARRAY_COUNT_LIMIT}` });
  }
  const of = await readType(reader);
  if (!reader.has(8)) await reader.fill(8, 'the length of an array');
  const count = reader.size();
  if (count > GGUF_ARRAY_LIMIT) {
    const expected = `at most ${GGUF_ARRAY_LIMIT} elements`;
    throw reader.error('array is too long', { expected, received: count });
  }
  const smallest = isNumberType(of) ? NUMBER_ARRAYS[of].BYTES_PER_ELEMENT : SMALLEST[of];
  if (count * smallest > reader.remaining) {
    const expected = `at most ${reader.remaining} bytes`;
    throw reader.error('array is longer than the file', { expected, received: count * smallest });
  }
  if (isNumberType(of)) return readNumbers(reader, of, count);
  if (of === 'string') return { type: 'array', of, value: await readStrings(reader, count) };
  if (of === 'bool') {
    if (!reader.has(count)) await reader.fill(count, 'an array');
    const value: boolean[] = [];
    for (let i = 0; i < count; i++) value.push(readBool(reader));
    return { type: 'array', of, value };
  }
  const value: GgufArray[] = [];
  for (let i = 0; i < count; i++) value.push(await readArray(reader, depth + 1));
  return { type: 'array', of, value };
}

/** Numbers, copied out of the window: their bytes have no alignment there. */
async function readNumbers(
  reader: HeaderReader,
  of: GgufNumberType,
  count: number,
): Promise<Extract<GgufArray, { of: GgufNumberType }>> {
  const length = count * NUMBER_ARRAYS[of].BYTES_PER_ELEMENT;
  if (!reader.has(length)) await reader.fill(length, count === 1 ? 'a value' : 'an array');
  const copy = new Uint8Array(length);
  copy.set(reader.take(length));
  const value = new NUMBER_ARRAYS[of](copy.buffer);
  return { type: 'array', of, value } as Extract<GgufArray, { of: GgufNumberType }>;
}

/** A vocabulary has hundreds of thousands of strings: this loop awaits only when the window ends. */
async function readStrings(reader: HeaderReader, count: number): Promise<string[]> {
  const strings: string[] = [];
  for (let i = 0; i < count; i++) {
    if (!reader.has(8)) await reader.fill(8, 'the length of a string');
    const length = reader.size();
    if (length > GGUF_STRING_BYTES_LIMIT) {
      const expected = `at most ${GGUF_STRING_BYTES_LIMIT} bytes`;
      throw reader.error('a string is too long', { expected, received: length });
    }
    if (!reader.has(length)) await reader.fill(length, 'a string');
    strings.push(reader.text(length, 'a string'));
  }
  return strings;
}

function readBool(reader: HeaderReader): boolean {
  const byte = reader.take(1)[0]!;
  if (byte > 1) throw reader.error('bad boolean', { expected: '0 or 1', received: byte });
  return byte === 1;
}
