import { createRng, ShapeError } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../test/read-golden.ts';
import { decodeBF16, encodeBF16, roundToBF16 } from './bf16.ts';

const isNaN16 = (code: number): boolean => (code & 0x7fff) > 0x7f80;

/** Values of the codes 0 … 0x7f80 from the definition; infinity stands as 2^128. */
const VALUES = Float64Array.from({ length: 0x7f81 }, (_, code) => {
  const exponent = code >> 7;
  return exponent === 0 ? code * 2 ** -133 : (128 + (code & 0x7f)) * 2 ** (exponent - 134);
});

/** Nearest code by binary search among all values; every midpoint is exact in float64. */
function encodeBF16Ref(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  let low = 0;
  let high = 0x7f80;
  if (size >= VALUES[high]!) return sign | high;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (VALUES[middle]! <= size) low = middle;
    else high = middle;
  }
  const midpoint = (VALUES[low]! + VALUES[high]!) / 2;
  if (size < midpoint) return sign | low;
  if (size > midpoint) return sign | high;
  return sign | (low % 2 === 0 ? low : high);
}

describe('encodeBF16', () => {
  it.each(['float32', 'float64'])('gives the golden codes of 2131 values as %s, NaN as NaN', (width) => {
    const bits = readGolden('ieee/f32_bits.npy').data as Uint32Array;
    const expected = readGolden('ieee/bf16_nonsat.npy').data as Uint16Array;
    const values = new Float32Array(bits.slice().buffer);
    const codes = encodeBF16(width === 'float32' ? values : new Float64Array(values));
    const wrong = [...codes.keys()].filter((i) =>
      isNaN16(expected[i]!) ? !isNaN16(codes[i]!) : codes[i] !== expected[i],
    );
    expect(wrong).toEqual([]);
  });

  it('is the inverse of decodeBF16 on all codes that are not NaN', () => {
    const codes = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((code) => !isNaN16(code));
    expect(encodeBF16(decodeBF16(codes))).toEqual(codes);
    expect(encodeBF16(new Float64Array(decodeBF16(codes)))).toEqual(codes);
  });

  it('agrees with the search over all values for any float64', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double({ noNaN: true }), fc.float({ noNaN: true })),
        (x) => encodeBF16(new Float64Array([x]))[0] === encodeBF16Ref(x),
      ),
      { numRuns: 2000 },
    );
    const rng = createRng(7);
    const wide = Float64Array.from({ length: 20000 }, () => rng.normal() * 2 ** (rng.int(280) - 145));
    expect(encodeBF16(wide)).toEqual(Uint16Array.from(wide, encodeBF16Ref));
  });

  it('rounds float64 once, where the way by float32 rounds twice', () => {
    const x = 1 + 2 ** -8 + 2 ** -40;
    expect(encodeBF16(new Float64Array([x]))[0]).toBe(0x3f81);
    expect(encodeBF16(new Float32Array([x]))[0]).toBe(0x3f80);
  });

  it.each([
    ['minus zero', -0, 0x8000],
    ['the largest float32', 3.4028234663852886e38, 0x7f80],
    ['the largest BF16', 3.3895313892515355e38, 0x7f7f],
    ['beyond float32', -1e300, 0xff80],
    ['infinity', Infinity, 0x7f80],
    ['the smallest subnormal', 2 ** -133, 0x0001],
    ['half of the smallest subnormal', 2 ** -134, 0x0000],
    ['a little over half of it', 2 ** -134 + 2 ** -149, 0x0001],
  ])('encodes %s', (_, x, code) => {
    expect(encodeBF16(new Float64Array([x]))[0]).toBe(code);
    expect(encodeBF16(new Float32Array([x]))[0]).toBe(code);
  });

  it('keeps NaN and its sign, also when only low bits of its payload are set', () => {
    const bits = new Uint32Array([0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff]);
    const codes = [...encodeBF16(new Float32Array(bits.buffer))];
    expect(codes).toEqual([0x7fc0, 0xffc0, 0x7fc0, 0xffc0, 0x7fc0, 0xffc0]);
  });

  it('refuses an output of another length', () => {
    expect(() => encodeBF16(new Float32Array(3), new Uint16Array(2))).toThrow(ShapeError);
  });
});

describe('decodeBF16', () => {
  it('puts the code into the upper half of the float32 bits', () => {
    const codes = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const bits = new Uint32Array(decodeBF16(codes).buffer);
    expect(bits.every((pattern, i) => pattern === (codes[i]! << 16) >>> 0)).toBe(true);
  });

  it('refuses an output of another length', () => {
    expect(() => decodeBF16(new Uint16Array(3), new Float32Array(4))).toThrow(ShapeError);
  });
});

describe('roundToBF16', () => {
  it('is a value of BF16, nearest to the number', () => {
    expect(roundToBF16(0.1)).toBe(0.10009765625);
    expect(roundToBF16(1e39)).toBe(Infinity);
    expect(roundToBF16(-0)).toBe(-0);
    expect(roundToBF16(Number.NaN)).toBeNaN();
  });
});
