/** @file Everything of an NPY file before its data, after numpy/lib/format.py (format versions 1.0 and 2.0). */
import { DTYPES, type DType, elementCount, FormatError, UnsupportedError } from '@bitcliff/core';
import type { Place } from './elements.ts';
import { NPY_DTYPES, NPY_MAGIC } from './npy-dtypes.ts';
import { parseNpyHeader } from './npy-header.ts';
import { quote } from './quote.ts';

/** Longest header, in bytes. */
export const NPY_HEADER_LIMIT = 10_000; // numpy/lib/format.py, _MAX_HEADER_SIZE

/** Bytes that always hold the whole head of an acceptable file: magic, version, length, header. */
export const NPY_HEAD_LIMIT: number = 12 + NPY_HEADER_LIMIT;

/** A checked head. */
export interface NpyHead {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** First byte of the data; it goes to the end of the file. */
  readonly dataStart: number;
}

/**
 * @param bytes the first bytes of the file: all, or at least {@link NPY_HEAD_LIMIT}  @param fileLength bytes of the whole file
 * @throws {FormatError} when the head is not valid, or data is missing or left over
 * @throws {UnsupportedError} on another version, dtype or byte order, and on Fortran order
 */
export function parseNpyHead(bytes: Uint8Array, fileLength: number, place: Place): NpyHead {
  const { text, dataStart } = splitHeader(bytes, fileLength, place);
  const { descr, fortranOrder, shape } = parseNpyHeader(text, place);
  const dtype = NPY_DTYPES.get(descr);
  if (dtype === undefined) {
    const expected = `one of: ${[...NPY_DTYPES.keys()].join(' ')}`;
    const bigEndian = descr.startsWith('>');
    throw new UnsupportedError({
      ...place,
      problem: bigEndian ? 'big-endian data' : 'unknown dtype',
      expected,
      received: quote(descr),
      ...(bigEndian ? { hint: 'Save it with astype of a "<" dtype' } : {}),
    });
  }
  if (fortranOrder) {
    throw new UnsupportedError({
      ...place,
      problem: 'column-major array',
      expected: 'C order',
      received: 'fortran_order True',
      hint: 'Save it with numpy.ascontiguousarray',
    });
  }
  const byteLength = byteLengthOf(shape, dtype, place);
  if (byteLength !== fileLength - dataStart) {
    throw new FormatError({
      ...place,
      problem: `data does not fill shape [${shape.join(', ')}] of ${dtype}`,
      expected: `${byteLength} bytes`,
      received: fileLength - dataStart,
    });
  }
  return { dtype, shape, dataStart };
}

/** Check magic, version and header length; the header's text and the first byte of the data. */
function splitHeader(
  bytes: Uint8Array,
  fileLength: number,
  place: Place,
): { text: string; dataStart: number } {
  if (fileLength < 10 || NPY_MAGIC.some((byte, i) => bytes[i] !== byte)) {
    const received = fileLength < 10 ? `${fileLength} bytes` : 'other bytes';
    throw new FormatError({ ...place, problem: 'not an NPY file', expected: '\\x93NUMPY first', received });
  }
  const [major, minor] = [bytes[6]!, bytes[7]!];
  if ((major !== 1 && major !== 2) || minor !== 0) {
    const received = `${major}.${minor}`;
    throw new UnsupportedError({
      ...place,
      problem: 'unknown format version',
      expected: '1.0 or 2.0',
      received,
    });
  }
  const lengthBytes = major === 1 ? 2 : 4;
  const textStart = 8 + lengthBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (textStart > fileLength) {
    const problem = 'file ends in the header length';
    throw new FormatError({ ...place, problem, expected: `${textStart} bytes`, received: fileLength });
  }
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > NPY_HEADER_LIMIT) {
    const expected = `at most ${NPY_HEADER_LIMIT} bytes`;
    throw new FormatError({ ...place, problem: 'header length over the limit', expected, received: length });
  }
  const dataStart = textStart + length;
  if (dataStart > fileLength) {
    const expected = `at most ${fileLength - textStart} bytes`;
    throw new FormatError({
      ...place,
      problem: 'header is longer than the file',
      expected,
      received: length,
    });
  }
  // versions 1 and 2 are latin-1; anything but ASCII fails the scanner
  return { text: String.fromCharCode(...bytes.subarray(textStart, dataStart)), dataStart };
}

function byteLengthOf(shape: readonly number[], dtype: DType, place: Place): number {
  try {
    const byteLength = elementCount(shape) * DTYPES[dtype].bytes;
    if (Number.isSafeInteger(byteLength)) return byteLength;
  } catch {
    // the sizes are integers already, so only the product can be wrong
  }
  const received = quote(shape.join(', '));
  throw new FormatError({
    ...place,
    problem: 'shape overflows',
    expected: 'at most 2^53 - 1 bytes',
    received,
  });
}
