import { type Tensor, UnsupportedError } from '@bitcliff/core';
import { bytesOf } from './internal/elements.ts';
import { requireLittleEndian } from './internal/little-endian.ts';
import { NPY_DTYPES, NPY_MAGIC } from './internal/npy-dtypes.ts';

/** The data starts at a multiple of this many bytes. */
const ALIGNMENT = 64; // numpy/lib/format.py, ARRAY_ALIGN

/** Characters that NumPy keeps for the first size, so that a file can grow in place. */
const GROWTH_DIGITS = 21; // numpy/lib/format.py, GROWTH_AXIS_MAX_DIGITS

const op = 'encodeNpy';

/**
 * An NPY file, format 1.0, byte for byte what `numpy.save` (NumPy 2) writes for the same array.
 * @param tensor any dtype that NumPy has: not BF16, F8_E4M3, F8_E5M2
 * @returns the whole file
 * @throws {UnsupportedError} on a dtype that NumPy does not have, or a shape too long for the header
 * @example
 * await writeFile('x.npy', encodeNpy(new Tensor('F32', [2], new Float32Array([1, 2]))));
 */
export function encodeNpy(tensor: Tensor): Uint8Array {
  requireLittleEndian(op);
  const descr = [...NPY_DTYPES].find(([, dtype]) => dtype === tensor.dtype)?.[0];
  if (descr === undefined) {
    const expected = `one of: ${[...NPY_DTYPES.values()].join(', ')}`;
    throw new UnsupportedError({ op, problem: 'NumPy has no such dtype', expected, received: tensor.dtype });
  }
  const { shape } = tensor;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const growth = shape.length === 0 ? 0 : Math.max(0, GROWTH_DIGITS - `${shape[0]}`.length);
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }${' '.repeat(growth)}`;
  const unpadded = 10 + dict.length + 1;
  const headLength = unpadded + (ALIGNMENT - (unpadded % ALIGNMENT)); // a full block when it fits already, as NumPy does
  if (headLength - 10 > 0xffff) {
    const expected = 'a header of at most 65535 bytes';
    throw new UnsupportedError({ op, problem: 'shape is too long', expected, received: headLength - 10 });
  }
  const data = bytesOf(tensor.data);
  const file = new Uint8Array(headLength + data.byteLength);
  file.set(NPY_MAGIC);
  file[6] = 1;
  new DataView(file.buffer).setUint16(8, headLength - 10, true);
  file.fill(0x20, 10, headLength);
  for (let i = 0; i < dict.length; i++) file[10 + i] = dict.charCodeAt(i);
  file[headLength - 1] = 0x0a;
  file.set(data, headLength);
  return file;
}
