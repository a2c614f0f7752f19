import { InvalidInputError, type Tensor } from '@bitcliff/core';
import { encodeNpy } from '../encode-npy.ts';
import { quote } from '../internal/quote.ts';
import { encodeZip } from '../zip/encode-zip.ts';
import { leadsOut } from '../zip/zip-entry.ts';

/**
 * An NPZ file that `numpy.load` reads: each tensor as an NPY file, stored without compression, data aligned to 64 bytes.
 * Equal input in equal order gives equal bytes.
 * @param tensors by name; any dtype that NumPy has: not BF16, F8_E4M3, F8_E5M2
 * @returns the whole file
 * @throws {UnsupportedError} on a dtype that NumPy does not have
 * @throws {InvalidInputError} on a name that cannot be a path in a zip file
 * @example
 * await writeFile('x.npz', encodeNpz(new Map([['x', new Tensor('F32', [2], new Float32Array([1, 2]))]])));
 */
export function encodeNpz(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  const files = new Map<string, Uint8Array>();
  for (const [name, tensor] of tensors) {
    if (leadsOut(name) || name.endsWith('/')) {
      throw new InvalidInputError({
        op: 'encodeNpz',
        problem: 'bad array name',
        expected: 'a name that is a relative path, without "..", "." and "\\"',
        received: quote(name),
      });
    }
    files.set(`${name}.npy`, encodeNpy(tensor));
  }
  return encodeZip(files, { alignment: 64 });
}
