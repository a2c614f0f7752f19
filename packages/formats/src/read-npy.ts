/** @file The NPY reader, after numpy/lib/format.py (format versions 1.0 and 2.0). */
import { DTYPES, type DType, elementCount, FormatError, type Tensor, UnsupportedError } from '@bitcliff/core';
import { tensorFromBytes } from './internal/elements.ts';
import { requireLittleEndian } from './internal/little-endian.ts';
import { NPY_DTYPES, NPY_MAGIC } from './internal/npy-dtypes.ts';
import { parseNpyHeader } from './internal/npy-header.ts';
import { quote } from './internal/quote.ts';

/** Longest header, in bytes. */
export const NPY_HEADER_LIMIT = 10_000; // numpy/lib/format.py, _MAX_HEADER_SIZE

const op = 'readNpy';

/**
 * Read an NPY file: format 1.0 or 2.0, C order, little-endian, dtypes f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1.
 * @param bytes the whole file  @param name what error messages call it @default 'npy'
 * @returns the array; its data is a view of `bytes` where alignment allows
 * @throws {FormatError} when the bytes are not a valid NPY file, or data is missing or left over
 * @throws {UnsupportedError} on another version, dtype or byte order, and on Fortran order
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * @example
 * const logits = readNpy(new Uint8Array(await response.arrayBuffer()));
 */
export function readNpy(bytes: Uint8Array, name = 'npy'): Tensor {
  requireLittleEndian(op);
  const path = name;
  const { text, dataStart } = splitHeader(bytes, path);
  const { descr, fortranOrder, shape } = parseNpyHeader(text, path);
  const dtype = NPY_DTYPES.get(descr);
  if (dtype === undefined) {
    const expected = `one of: ${[...NPY_DTYPES.keys()].join(' ')}`;
    const bigEndian = descr.startsWith('>');
    throw new UnsupportedError({
      op,
      problem: bigEndian ? 'big-endian data' : 'unknown dtype',
      expected,
      received: quote(descr),
      path,
      ...(bigEndian ? { hint: 'Save it with astype of a "<" dtype' } : {}),
    });
  }
  if (fortranOrder) {
    throw new UnsupportedError({
      op,
      problem: 'column-major array',
      expected: 'C order',
      received: 'fortran_order True',
      path,
      hint: 'Save it with numpy.ascontiguousarray',
    });
  }
  const byteLength = byteLengthOf(shape, dtype, path);
  if (byteLength !== bytes.byteLength - dataStart) {
    throw new FormatError({
      op,
      problem: `data does not fill shape [${shape.join(', ')}] of ${dtype}`,
      expected: `${byteLength} bytes`,
      received: bytes.byteLength - dataStart,
      path,
    });
  }
  return tensorFromBytes(dtype, shape, bytes.subarray(dataStart), { op, path });
}

/** Check magic, version and header length; the header's text and the first byte of the data. */
function splitHeader(bytes: Uint8Array, path: string): { text: string; dataStart: number } {
  if (bytes.byteLength < 10 || NPY_MAGIC.some((byte, i) => bytes[i] !== byte)) {
    const received = bytes.byteLength < 10 ? `${bytes.byteLength} bytes` : 'other bytes';
    throw new FormatError({ op, problem: 'not an NPY file', expected: '\\x93NUMPY first', received, path });
  }
  const [major, minor] = [bytes[6]!, bytes[7]!];
  if ((major !== 1 && major !== 2) || minor !== 0) {
    const received = `${major}.${minor}`;
    throw new UnsupportedError({
      op,
      problem: 'unknown format version',
      expected: '1.0 or 2.0',
      received,
      path,
    });
  }
  const lengthBytes = major === 1 ? 2 : 4;
  const textStart = 8 + lengthBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (textStart > bytes.byteLength) {
    const problem = 'file ends in the header length';
    throw new FormatError({ op, problem, expected: `${textStart} bytes`, received: bytes.byteLength, path });
  }
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > NPY_HEADER_LIMIT) {
    const expected = `at most ${NPY_HEADER_LIMIT} bytes`;
    throw new FormatError({ op, problem: 'header length over the limit', expected, received: length, path });
  }
  const dataStart = textStart + length;
  if (dataStart > bytes.byteLength) {
    const expected = `at most ${bytes.byteLength - textStart} bytes`;
    throw new FormatError({
      op,
      problem: 'header is longer than the file',
      expected,
      received: length,
      path,
    });
  }
  // versions 1 and 2 are latin-1; anything but ASCII fails the scanner
  return { text: String.fromCharCode(...bytes.subarray(textStart, dataStart)), dataStart };
}

function byteLengthOf(shape: readonly number[], dtype: DType, path: string): number {
  try {
    const byteLength = elementCount(shape) * DTYPES[dtype].bytes;
    if (Number.isSafeInteger(byteLength)) return byteLength;
  } catch {
    // the sizes are integers already, so only the product can be wrong
  }
  const received = quote(shape.join(', '));
  throw new FormatError({
    op,
    problem: 'shape overflows',
    expected: 'at most 2^53 - 1 bytes',
    received,
    path,
  });
}
