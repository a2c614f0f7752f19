/** @file The JSON header of a safetensors file, checked against the length of the data it describes. */
import { DTYPES, elementCount, FormatError, isDType, UnsupportedError } from '@bitcliff/core';
import { describe, quote } from './quote.ts';
import type { StoredTensor } from './stored-tensors.ts';

/** The header's key for free text; no tensor can have this name. */
export const METADATA_KEY = '__metadata__'; // safetensors README, "Format"

const op = 'openSafetensors';

/** What a header says. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Check a parsed header.
 * @param json the header's object  @param dataStart first byte of the data in the file  @param dataLength bytes of data
 * @throws {FormatError} when a field, a shape or a range is not what the format allows, or the data has a hole or an overlap
 * @throws {UnsupportedError} on a dtype that core does not know
 */
export function checkSafetensorsHeader(
  json: Record<string, unknown>,
  dataStart: number,
  dataLength: number,
  path: string,
): SafetensorsHeader {
  const tensors = new Map<string, StoredTensor>();
  let metadata: Readonly<Record<string, string>> = Object.freeze({});
  for (const [name, value] of Object.entries(json)) {
    if (name === METADATA_KEY) metadata = checkMetadata(value, path);
    else tensors.set(name, checkTensor(name, value, dataStart, dataLength, path));
  }
  checkCoverage(tensors, dataStart, dataLength, path);
  return { tensors, metadata };
}

function checkMetadata(value: unknown, path: string): Readonly<Record<string, string>> {
  if (!isObject(value)) {
    const problem = `${METADATA_KEY} is not an object`;
    throw new FormatError({ op, problem, expected: 'an object of strings', received: describe(value), path });
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text === 'string') continue;
    throw new FormatError({
      op,
      problem: `${METADATA_KEY} has a value that is not a string`,
      expected: 'a string',
      received: describe(text),
      where: `key ${quote(key)}`,
      path,
    });
  }
  return Object.freeze(value as Record<string, string>);
}

function checkTensor(
  name: string,
  value: unknown,
  dataStart: number,
  dataLength: number,
  path: string,
): StoredTensor {
  const place = { op, where: `tensor ${quote(name)}`, path };
  if (!isObject(value)) {
    const expected = 'an object with dtype, shape and data_offsets';
    throw new FormatError({
      ...place,
      problem: 'entry is not an object',
      expected,
      received: describe(value),
    });
  }
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') {
    throw new FormatError({
      ...place,
      problem: 'bad dtype',
      expected: 'a string',
      received: describe(dtype),
    });
  }
  if (!isDType(dtype)) {
    const expected = `one of: ${Object.keys(DTYPES).join(', ')}`;
    throw new UnsupportedError({ ...place, problem: 'unknown dtype', expected, received: quote(dtype) });
  }
  if (!isSizes(shape)) {
    const expected = 'an array of integers from 0 to 2^53 - 1';
    throw new FormatError({ ...place, problem: 'bad shape', expected, received: describe(shape) });
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    const expected = 'two integers from 0 to 2^53 - 1';
    throw new FormatError({ ...place, problem: 'bad data_offsets', expected, received: describe(offsets) });
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) {
    const problem = 'data_offsets run backwards';
    throw new FormatError({ ...place, problem, expected: 'begin <= end', received: describe(offsets) });
  }
  if (end > dataLength) {
    throw new FormatError({
      ...place,
      problem: 'data_offsets reach past the end of the file',
      expected: `at most ${dataLength} bytes of data`,
      received: end,
    });
  }
  const byteLength = byteLengthOf(shape, DTYPES[dtype].bytes);
  if (byteLength === undefined) {
    const expected = 'at most 2^53 - 1 bytes';
    throw new FormatError({ ...place, problem: 'shape overflows', expected, received: describe(shape) });
  }
  if (byteLength !== end - begin) {
    throw new FormatError({
      ...place,
      problem: `data_offsets do not fit dtype ${dtype} and shape ${describe(shape)}`,
      expected: `${byteLength} bytes`,
      received: end - begin,
    });
  }
  return { dtype, shape: Object.freeze(shape), offset: dataStart + begin, byteLength };
}

/** The tensors must cover the data without overlap and without a hole, so that nothing can hide in the file. */
function checkCoverage(
  tensors: ReadonlyMap<string, StoredTensor>,
  dataStart: number,
  dataLength: number,
  path: string,
): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.byteLength - b.byteLength);
  let covered = 0;
  for (const [name, tensor] of inOrder) {
    const begin = tensor.offset - dataStart;
    if (begin !== covered) {
      const problem =
        begin < covered ? 'data overlaps the tensor before it' : 'hole in the data before this tensor';
      const where = `tensor ${quote(name)}`;
      throw new FormatError({ op, problem, expected: `begin ${covered}`, received: begin, where, path });
    }
    covered += tensor.byteLength;
  }
  if (covered !== dataLength) {
    throw new FormatError({
      op,
      problem: 'bytes after the last tensor',
      expected: `${covered} bytes of data`,
      received: dataLength,
      path,
    });
  }
}

/** Bytes of a shape, or undefined when the product leaves the safe integers. */
function byteLengthOf(shape: readonly number[], bytesPerElement: number): number | undefined {
  try {
    const bytes = elementCount(shape) * bytesPerElement;
    return Number.isSafeInteger(bytes) ? bytes : undefined;
  } catch {
    return undefined; // elementCount throws on nothing else, the sizes are checked
  }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
