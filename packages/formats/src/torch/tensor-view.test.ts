import { createRng, elementCount } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ops, obj, storage, tensor } from '../../test/pickle-bytes.ts';
import { torchFile } from '../../test/torch-file.ts';
import { memorySource } from '../memory-source.ts';
import { openTorch } from './open-torch.ts';

/** Storage classes by element size. */
const CLASSES = { 1: 'CharStorage', 2: 'ShortStorage', 4: 'FloatStorage', 8: 'LongStorage' } as const;

/** Any strided view that stays inside a storage, which has as many elements as it needs. */
const anyView = fc
  .record({
    axes: fc.array(fc.record({ size: fc.nat(4), stride: fc.nat(9) }), { maxLength: 4 }),
    offset: fc.nat(5),
    spare: fc.nat(3),
    size: fc.constantFrom(1, 2, 4, 8),
    seed: fc.nat(1000),
    shift: fc.nat(7),
  })
  .map(({ axes, offset, spare, size, seed, shift }) => {
    const shape = axes.map((axis) => axis.size);
    const strides = axes.map((axis) => axis.stride);
    const last = axes.reduce((sum, axis) => sum + Math.max(0, axis.size - 1) * axis.stride, offset);
    const rng = createRng(seed);
    const data = Uint8Array.from({ length: (last + 1 + spare) * size }, () => rng.int(256));
    return { shape, strides, offset, size: size as 1 | 2 | 4 | 8, data, count: last + 1 + spare, shift };
  });

/** Bytes of the elements one by one, from the definition of strides. */
function gatherRef(
  shape: number[],
  strides: number[],
  offset: number,
  size: number,
  data: Uint8Array,
): number[] {
  const bytes: number[] = [];
  for (let n = 0; n < elementCount(shape); n++) {
    let at = offset;
    let rest = n;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    bytes.push(...data.subarray(at * size, (at + 1) * size));
  }
  return bytes;
}

describe('views of a storage', () => {
  it('give the elements that their strides say, whole and in ranges, at any alignment', async () => {
    await fc.assert(
      fc.asyncProperty(anyView, fc.nat(100), fc.nat(100), async (view, a, b) => {
        const { shape, strides, offset, size, data, count, shift } = view;
        const value: Ops = obj({ w: tensor(storage(CLASSES[size], '0', count), offset, shape, strides) });
        const file = torchFile(value, { 0: data });
        const shifted = new Uint8Array(file.length + shift);
        shifted.set(file, shift);
        const tensors = await openTorch(memorySource(shifted.subarray(shift)));
        const expected = gatherRef(shape, strides, offset, size, data);
        expect([...(await tensors.readBytes('w'))]).toEqual(expected);
        const elements = elementCount(shape);
        const [start, end] = [a % (elements + 1), b % (elements + 1)].sort((x, y) => x - y) as [
          number,
          number,
        ];
        const { data: part } = await tensors.read('w', { range: { start, end } });
        const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
        expect([...bytes]).toEqual(expected.slice(start * size, end * size));
      }),
      { numRuns: 500 },
    );
  });
});
