import { BitcliffError, bytesPerElement, createRng, type DType, elementCount, Tensor } from '@bitcliff/core';
import { expect, it } from 'vitest';
import { zipFile } from '../../test/zip-file.ts';
import { encodeNpy } from '../encode-npy.ts';
import { memorySource } from '../memory-source.ts';
import { openNpz } from './open-npz.ts';

const MUTATIONS = 20_000;
const FILE = 'fuzz.npz';

const matrix = new Tensor('F32', [2, 3], new Float32Array([1, 2, 3, 4, 5, 6]));
const mask = new Tensor('BOOL', [3], new Uint8Array([1, 0, 1]));
const good = zipFile(
  [
    { name: 'matrix.npy', data: encodeNpy(matrix) },
    { name: 'mask.npy', data: encodeNpy(mask), deflate: true },
  ],
  { zip64: {} },
);

/** Bytes that mean something in a zip file or an NPY header. */
const TOKENS = [0, 1, 2, 8, 20, 45, 0x50, 0x4b, 0xff].concat(
  [..."{}()',:<|f4i8b1 \n"].map((c) => c.charCodeAt(0)),
);

it(`refuses with a BitcliffError or reads right under ${MUTATIONS} mutations`, async () => {
  const rng = createRng(3);
  let opened = 0;
  let read = 0;
  for (let n = 0; n < MUTATIONS; n++) {
    let bytes = good.slice();
    for (let edits = 1 + rng.int(3); edits > 0; edits--) {
      const at = rng.int(bytes.length);
      const kind = rng.int(6);
      if (kind === 0) bytes[at]! ^= 1 << rng.int(8);
      else if (kind === 1) bytes[at] = rng.int(256);
      else if (kind === 2) bytes[at] = rng.pick(TOKENS);
      else if (kind === 3) bytes.fill(255, at, at + rng.int(9));
      else if (kind === 4) bytes.copyWithin(at, rng.int(bytes.length), rng.int(bytes.length));
      else if (rng.int(4) === 0) bytes = bytes.slice(0, Math.max(1, at));
    }
    try {
      const arrays = await openNpz(memorySource(bytes, FILE));
      opened++;
      for (const name of arrays.names()) {
        const { dtype, shape, byteLength } = arrays.info(name);
        expect(elementCount(shape) * bytesPerElement(dtype as DType)).toBe(byteLength);
        const { data } = await arrays.read(name);
        expect(data.byteLength).toBe(byteLength);
        // a checksum stands over all data: what is read is what was written, under any name
        const original = dtype === 'BOOL' ? mask : matrix;
        if (dtype === original.dtype) expect(data).toEqual(original.data);
        read++;
      }
    } catch (error) {
      if (!BitcliffError.isInstance(error)) throw error;
      expect(error.message).toContain(FILE);
    }
  }
  expect(opened).toBeGreaterThan(MUTATIONS / 50);
  expect(opened).toBeLessThan(MUTATIONS * 0.9);
  expect(read).toBeGreaterThan(MUTATIONS / 50);
});
