import { InvalidInputError, ShapeError } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../../test/read-golden.ts';
import { type NibbleOrder, packNibbles, unpackNibbles, unpackSignedNibbles } from './pack-nibbles.ts';

/** The transpose of a matrix [rows, columns], so that a column lies in one piece. */
function transposed<T extends Int8Array | Uint8Array>(matrix: T, rows: number, columns: number): T {
  return matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]!) as T;
}

describe.each(['lowFirst', 'highFirst'] as const)('nibbles, %s', (order: NibbleOrder) => {
  it('are the golden bytes of int4 columns', () => {
    const name = order === 'lowFirst' ? 'packed_low_nibble_first' : 'packed_high_nibble_first';
    const codes = transposed(readGolden('int4_column_sym/q.npy').data as Int8Array, 40, 14); // [14, 40]
    const golden = transposed(readGolden(`int4_column_sym/${name}.npy`).data as Uint8Array, 20, 14); // [14, 20]
    expect(packNibbles(codes, { order })).toEqual(golden);
    expect(unpackSignedNibbles(golden, { order })).toEqual(codes);
  });

  it('come back, for even and odd counts', () => {
    fc.assert(
      fc.property(fc.uint8Array({ max: 15 }), fc.int8Array({ min: -8, max: 7 }), (unsigned, signed) => {
        expect(unpackNibbles(packNibbles(unsigned, { order }), { order, count: unsigned.length })).toEqual(
          unsigned,
        );
        expect(unpackSignedNibbles(packNibbles(signed, { order }), { order, count: signed.length })).toEqual(
          signed,
        );
      }),
    );
  });
});

it('the first element is where the order says', () => {
  expect([...packNibbles(new Uint8Array([1, 2, 3]))]).toEqual([0x21, 0x03]);
  expect([...packNibbles(new Uint8Array([1, 2, 3]), { order: 'highFirst' })]).toEqual([0x12, 0x30]);
});

it('refuses what does not fit', () => {
  expect(() => packNibbles(new Uint8Array([16]))).toThrow(
    'element 0 does not fit 4 bits, expected 0 to 15, received 16',
  );
  expect(() => packNibbles(new Int8Array([0, -9]))).toThrow(
    'element 1 does not fit 4 bits, expected -8 to 7, received -9',
  );
  for (const count of [-1, 1, 2, 5, 3.5, Number.NaN]) {
    expect(() => unpackNibbles(new Uint8Array(2), { count })).toThrow(ShapeError);
  }
  const order = 'middle' as NibbleOrder;
  expect(() => packNibbles(new Uint8Array(1), { order })).toThrow(InvalidInputError);
});
