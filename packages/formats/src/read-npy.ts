/** @file The NPY reader, after numpy/lib/format.py (format versions 1.0 and 2.0). */
import type { Tensor } from '@bitcliff/core';
import { tensorFromBytes } from './internal/elements.ts';
import { requireLittleEndian } from './internal/little-endian.ts';
import { parseNpyHead } from './internal/npy-head.ts';

export { NPY_HEADER_LIMIT } from './internal/npy-head.ts';

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
  const place = { op, path: name };
  const { dtype, shape, dataStart } = parseNpyHead(bytes, bytes.byteLength, place);
  return tensorFromBytes(dtype, shape, bytes.subarray(dataStart), place);
}
