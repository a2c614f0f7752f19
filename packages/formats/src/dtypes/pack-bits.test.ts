import { InvalidInputError, ShapeError } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PackedBits, packBits, packedByteLength, unpackBits, unpackSignedBits } from './pack-bits.ts';
import { packNibbles } from './pack-nibbles.ts';

const WIDTHS: readonly PackedBits[] = [2, 3, 4, 5, 6, 8];

/** One bit at a time, from the definition. */
function packBitsRef(values: ArrayLike<number>, bits: number): Uint8Array {
  const packed = new Uint8Array(Math.ceil((values.length * bits) / 8));
  for (let i = 0; i < values.length; i++) {
    for (let k = 0; k < bits; k++) {
      const at = i * bits + k;
      packed[at >> 3]! |= ((values[i]! >> k) & 1) << (at & 7);
    }
  }
  return packed;
}

describe.each(WIDTHS)('%d bits', (bits) => {
  const unsigned = fc.uint8Array({ max: 2 ** bits - 1, maxLength: 70 });
  const signed = fc.int8Array({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1, maxLength: 70 });

  it('packs as the definition says', () => {
    fc.assert(
      fc.property(unsigned, (values) => {
        expect(packBits(values, { bits })).toEqual(packBitsRef(values, bits));
        expect(packedByteLength(values.length, bits)).toBe(packBits(values, { bits }).length);
      }),
    );
    fc.assert(
      fc.property(signed, (values) => {
        expect(packBits(values, { bits })).toEqual(packBitsRef(values, bits));
      }),
    );
  });

  it('unpacks what it packed', () => {
    fc.assert(
      fc.property(unsigned, (values) => {
        expect(unpackBits(packBits(values, { bits }), { bits, count: values.length })).toEqual(values);
      }),
    );
    fc.assert(
      fc.property(signed, (values) => {
        expect(unpackSignedBits(packBits(values, { bits }), { bits, count: values.length })).toEqual(values);
      }),
    );
  });

  it('ignores the unused bits of the last byte', () => {
    const packed = packBits(new Uint8Array([1]), { bits });
    packed[0]! |= (0xff << bits) & 0xff;
    expect([...unpackBits(packed, { bits, count: 1 })]).toEqual([1]);
  });

  it('refuses values that do not fit', () => {
    if (bits === 8) return;
    const over = 2 ** bits;
    expect(() => packBits(new Uint8Array([0, over]), { bits })).toThrow(
      `packBits: element 1 does not fit ${bits} bits, expected 0 to ${over - 1}, received ${over}`,
    );
    expect(() => packBits(new Int8Array([over / 2]), { bits })).toThrow(InvalidInputError);
    expect(() => packBits(new Int8Array([-over / 2 - 1]), { bits })).toThrow(InvalidInputError);
  });

  it('refuses bytes of another length than the count needs', () => {
    for (const count of [-1, 0.5, 3, 1000, Number.NaN, 2 ** 60]) {
      expect(() => unpackBits(new Uint8Array(7), { bits, count })).toThrow(ShapeError);
      expect(() => unpackSignedBits(new Uint8Array(7), { bits, count })).toThrow(ShapeError);
    }
  });
});

it('with 4 bits is nibbles, low first', () => {
  const values = Uint8Array.from({ length: 33 }, (_, i) => (i * 7) & 15);
  expect(packBits(values, { bits: 4 })).toEqual(packNibbles(values));
});

it('prints what the examples say', () => {
  expect(packBits(new Int8Array([-1, 1, 0, 2]), { bits: 3 })).toEqual(new Uint8Array([15, 4]));
});

it('refuses other widths', () => {
  const bits = 7 as PackedBits;
  expect(() => packBits(new Uint8Array(1), { bits })).toThrow(
    'expected one of: 2, 3, 4, 5, 6, 8, received 7',
  );
  expect(() => unpackBits(new Uint8Array(1), { bits, count: 1 })).toThrow(InvalidInputError);
});
