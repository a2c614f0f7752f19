/** @file Metadata values to bytes. Every value is checked against its type: a file must not say what was not meant. */
import { InvalidInputError } from '@bitcliff/core';
import { describe, quote } from '../../internal/quote.ts';
import {
  GGUF_ARRAY_DEPTH_LIMIT,
  GGUF_ARRAY_LIMIT,
  GGUF_HEADER_LIMIT,
  GGUF_KEY_BYTES_LIMIT,
  GGUF_STRING_BYTES_LIMIT,
} from '../gguf-limits.ts';
import type { GgufNumberType, GgufValue } from '../gguf-value.ts';
import type { ByteWriter } from './byte-writer.ts';
import { isNumberType, NUMBER_ARRAYS, VALUE_TYPES, type ValueType } from './value-types.ts';

/** Smallest and largest integer of each integer type. */
const RANGES: { readonly [T in GgufNumberType]?: readonly [number | bigint, number | bigint] } = {
  u8: [0, 0xff],
  i8: [-0x80, 0x7f],
  u16: [0, 0xffff],
  i16: [-0x8000, 0x7fff],
  u32: [0, 0xffffffff],
  i32: [-0x80000000, 0x7fffffff],
  u64: [0n, 2n ** 64n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
};

interface Place {
  readonly op: string;
  readonly where: string;
}

/** Append a key with its value. @throws {InvalidInputError} when the format, or the type, cannot hold them */
export function encodeField(writer: ByteWriter, key: string, value: GgufValue, op: string): void {
  const place = { op, where: `key ${quote(key)}` };
  if (key.length > GGUF_KEY_BYTES_LIMIT || !/^[\x21-\x7e]+$/.test(key)) {
    const expected = `1 to ${GGUF_KEY_BYTES_LIMIT} printable ASCII characters, no spaces`;
    throw new InvalidInputError({ ...place, problem: 'bad key', expected, received: quote(key) });
  }
  writer.string(key);
  encodeTyped(writer, value, 0, place);
  if (writer.length <= GGUF_HEADER_LIMIT) return;
  const expected = `at most ${GGUF_HEADER_LIMIT} bytes`;
  throw new InvalidInputError({
    ...place,
    problem: 'header would be over the limit',
    expected,
    received: writer.length,
  });
}

/** A type number and a value; inside arrays of arrays the type number of the element is not repeated. */
function encodeTyped(writer: ByteWriter, field: GgufValue, depth: number, place: Place): void {
  const number = VALUE_TYPES.indexOf(field.type);
  if (number < 0) throw bad(place, 'metadata type', `one of: ${VALUE_TYPES.join(', ')}`, field.type);
  if (depth === 0) writer.u32(number);
  if (field.type === 'array') encodeArray(writer, field, depth + 1, place);
  else encodeScalar(writer, field.type, field.value, place);
}

function encodeArray(
  writer: ByteWriter,
  field: Extract<GgufValue, { type: 'array' }>,
  depth: number,
  place: Place,
): void {
  const { of, value } = field;
  const number = VALUE_TYPES.indexOf(of);
  if (number < 0) throw bad(place, 'element type', `one of: ${VALUE_TYPES.join(', ')}`, of);
  if (depth > GGUF_ARRAY_DEPTH_LIMIT) {
    throw bad(place, 'nesting of arrays', `at most ${GGUF_ARRAY_DEPTH_LIMIT} levels`, depth);
  }
  const isRightArray = isNumberType(of) ? value instanceof NUMBER_ARRAYS[of] : Array.isArray(value);
  if (!isRightArray)
    throw bad(place, `array of ${of}`, isNumberType(of) ? 'its typed array' : 'an array', typeof value);
  if (value.length > GGUF_ARRAY_LIMIT) {
    throw bad(place, 'array length', `at most ${GGUF_ARRAY_LIMIT} elements`, value.length);
  }
  writer.u32(number);
  writer.u64(value.length);
  if (isNumberType(of)) {
    const { buffer, byteOffset, byteLength } = value as Uint8Array;
    writer.bytes(new Uint8Array(buffer, byteOffset, byteLength));
  } else if (of === 'array') {
    for (const inner of value) encodeTyped(writer, inner, depth, place);
  } else {
    for (const element of value as readonly (string | boolean)[]) encodeScalar(writer, of, element, place);
  }
}

function encodeScalar(
  writer: ByteWriter,
  type: Exclude<ValueType, 'array'>,
  value: unknown,
  place: Place,
): void {
  if (type === 'string') {
    if (typeof value !== 'string' || !value.isWellFormed()) {
      throw bad(place, 'string', 'well-formed Unicode', describe(value));
    }
    const length = writer.string(value);
    if (length <= GGUF_STRING_BYTES_LIMIT) return;
    throw bad(place, 'string length', `at most ${GGUF_STRING_BYTES_LIMIT} bytes`, length);
  }
  if (type === 'bool') {
    if (typeof value !== 'boolean') throw bad(place, 'bool', 'true or false', typeof value);
    writer.bytes(new Uint8Array([value ? 1 : 0]));
    return;
  }
  const range = RANGES[type];
  const isBig = type === 'u64' || type === 'i64';
  if (typeof value !== (isBig ? 'bigint' : 'number')) {
    throw bad(place, type, isBig ? 'a bigint' : 'a number', typeof value);
  }
  const number = value as number & bigint;
  if (
    range !== undefined &&
    !(number >= range[0] && number <= range[1] && (isBig || Number.isInteger(number)))
  ) {
    throw bad(place, type, `an integer from ${range[0]} to ${range[1]}`, `${number}`);
  }
  const element = NUMBER_ARRAYS[type].BYTES_PER_ELEMENT;
  const array = new NUMBER_ARRAYS[type](new ArrayBuffer(element));
  array[0] = number;
  writer.bytes(new Uint8Array(array.buffer));
}

function bad(place: Place, what: string, expected: string, received: string | number): InvalidInputError {
  return new InvalidInputError({ ...place, problem: `bad ${what}`, expected, received });
}
