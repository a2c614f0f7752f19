import {
  DTYPES,
  type DType,
  elementCount,
  InvalidInputError,
  Tensor,
  UnsupportedError,
} from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectRefusal } from '../../test/hostile.ts';
import { NPY_DTYPES } from '../internal/npy-dtypes.ts';
import { memorySource } from '../memory-source.ts';
import { encodeNpz } from './encode-npz.ts';
import { openNpz } from './open-npz.ts';

const anyTensor = fc
  .record({
    dtype: fc.constantFrom(...NPY_DTYPES.values()),
    shape: fc.array(fc.nat(4), { maxLength: 3 }),
    fill: fc.nat(1),
  })
  .map(({ dtype, shape, fill }): Tensor => {
    const { array: ElementArray, bytes } = DTYPES[dtype];
    const data = new ElementArray(new ArrayBuffer(elementCount(shape) * bytes));
    new Uint8Array(data.buffer).fill(fill);
    return new Tensor<DType>(dtype, shape, data);
  });

const anyName = fc
  .stringMatching(/^[A-Za-z0-9_:é ]{1,8}([./][a-z0-9]{1,4})?$/)
  .filter((name) => !/^[A-Za-z]:\//.test(name)); // a drive

describe('encodeNpz', () => {
  it('writes what openNpz reads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(anyName, anyTensor), { maxLength: 5 }), async (entries) => {
        const given = new Map(entries);
        const arrays = await openNpz(memorySource(encodeNpz(given)));
        expect(arrays.names()).toEqual([...given.keys()]);
        for (const [name, tensor] of given) expect(await arrays.read(name)).toEqual(tensor);
      }),
    );
  });

  it('aligns data, so that reading memory copies nothing', async () => {
    const tensor = new Tensor('F64', [3], new Float64Array([1, 2, 3]));
    const bytes = encodeNpz(
      new Map([
        ['a', tensor],
        ['longer name', tensor],
      ]),
    );
    const arrays = await openNpz(memorySource(bytes));
    for (const name of arrays.names()) expect((await arrays.read(name)).data.buffer).toBe(bytes.buffer);
  });

  it('refuses names that lead out, and dtypes that NumPy lacks', async () => {
    const tensor = new Tensor('U8', [0], new Uint8Array(0));
    for (const name of ['', '../x', '/x', 'a\\b', 'x/', 'C:/x']) {
      await expectRefusal(() => encodeNpz(new Map([[name, tensor]])), 'encodeNpz', {
        error: InvalidInputError,
        says: ['bad array name', JSON.stringify(name)],
      });
    }
    const half = new Tensor('BF16', [1], new Uint16Array(1));
    await expectRefusal(() => encodeNpz(new Map([['x', half]])), 'encodeNpy', {
      error: UnsupportedError,
      says: ['NumPy has no such dtype', 'BF16'],
    });
  });
});
