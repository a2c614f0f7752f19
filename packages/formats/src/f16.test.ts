import { createRng, ShapeError } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../test/read-golden.ts';
import { decodeF16, encodeF16, roundToF16 } from './f16.ts';

const isNaN16 = (code: number): boolean => (code & 0x7fff) > 0x7c00;

/** Values of the codes 0 … 0x7c00 from the definition; infinity stands as 2^16, where its rounding interval is centred. */
const VALUES = Float64Array.from({ length: 0x7c01 }, (_, code) => {
  const exponent = code >> 10;
  return exponent === 0 ? code * 2 ** -24 : (1024 + (code & 0x3ff)) * 2 ** (exponent - 25);
});

/** Nearest code by binary search among all values; every midpoint is exact in float64. */
function encodeF16Ref(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  let low = 0;
  let high = 0x7c00;
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

describe('encodeF16', () => {
  it('gives the golden codes of 2131 float32 values, NaN as NaN', () => {
    const bits = readGolden('ieee/f32_bits.npy').data as Uint32Array;
    const expected = readGolden('ieee/f16_nonsat.npy').data as Uint16Array;
    const codes = encodeF16(new Float32Array(bits.slice().buffer));
    expect(codes.length).toBe(2131);
    const wrong = [...codes.keys()].filter((i) =>
      isNaN16(expected[i]!) ? !isNaN16(codes[i]!) : codes[i] !== expected[i],
    );
    expect(wrong).toEqual([]);
  });

  it('gives the same codes for the golden values as float64', () => {
    const bits = readGolden('ieee/f32_bits.npy').data as Uint32Array;
    const expected = readGolden('ieee/f16_nonsat.npy').data as Uint16Array;
    const codes = encodeF16(new Float64Array(new Float32Array(bits.slice().buffer)));
    const wrong = [...codes.keys()].filter((i) =>
      isNaN16(expected[i]!) ? !isNaN16(codes[i]!) : codes[i] !== expected[i],
    );
    expect(wrong).toEqual([]);
  });

  it('is the inverse of decodeF16 on all codes that are not NaN', () => {
    const codes = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((code) => !isNaN16(code));
    expect(encodeF16(decodeF16(codes))).toEqual(codes);
    expect(encodeF16(new Float64Array(decodeF16(codes)))).toEqual(codes);
  });

  it('rounds every midpoint between neighbours to even, and its float64 neighbours to their side', () => {
    const step = new Float64Array(1);
    const bits = new BigInt64Array(step.buffer);
    const neighbour = (x: number, by: bigint): number => {
      step[0] = x;
      bits[0] = bits[0]! + by;
      return step[0]!;
    };
    const wrong: number[] = [];
    for (let code = 0; code < 0x7c00; code++) {
      const midpoint = (VALUES[code]! + VALUES[code + 1]!) / 2;
      const codes = encodeF16(
        new Float64Array([neighbour(midpoint, -1n), midpoint, neighbour(midpoint, 1n)]),
      );
      if (codes[0] !== code || codes[1] !== code + (code & 1) || codes[2] !== code + 1) wrong.push(code);
    }
    expect(wrong).toEqual([]);
  });

  it('rounds float64 once, where the way by float32 rounds twice', () => {
    const x = 1 + 2 ** -11 + 2 ** -40; // above the midpoint of 1 and 1 + 2^-10; float32 rounds it to the midpoint
    expect(encodeF16(new Float64Array([x]))[0]).toBe(0x3c01);
    expect(encodeF16(new Float32Array([x]))[0]).toBe(0x3c00);
  });

  it('agrees with the search over all values for any float64', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (x) => encodeF16(new Float64Array([x]))[0] === encodeF16Ref(x)),
      { numRuns: 2000 },
    );
  });

  it('agrees with the search over all values for random float32 and float64 in the range of F16', () => {
    const rng = createRng(16);
    const wide = Float64Array.from({ length: 20000 }, () => rng.normal() * 2 ** (rng.int(44) - 27));
    const narrow = new Float32Array(wide);
    expect(encodeF16(wide)).toEqual(Uint16Array.from(wide, encodeF16Ref));
    expect(encodeF16(narrow)).toEqual(Uint16Array.from(narrow, encodeF16Ref));
  });

  it.each([
    ['zero', 0, 0x0000],
    ['minus zero', -0, 0x8000],
    ['one', 1, 0x3c00],
    ['the largest value', 65504, 0x7bff],
    ['just below the overflow threshold', 65519.996, 0x7bff],
    ['the overflow threshold', 65520, 0x7c00],
    ['beyond float32', 1e300, 0x7c00],
    ['minus beyond float32', -1e300, 0xfc00],
    ['infinity', Infinity, 0x7c00],
    ['minus infinity', -Infinity, 0xfc00],
    ['the smallest normal', 2 ** -14, 0x0400],
    ['the largest subnormal', 2 ** -14 - 2 ** -24, 0x03ff],
    ['the smallest subnormal', 2 ** -24, 0x0001],
    ['half of the smallest subnormal', 2 ** -25, 0x0000],
    ['a little over half of it', 2 ** -25 + 2 ** -48, 0x0001],
    ['the smallest float64', Number.MIN_VALUE, 0x0000],
    ['minus the smallest float64', -Number.MIN_VALUE, 0x8000],
  ])('encodes %s', (_, x, code) => {
    expect(encodeF16(new Float64Array([x]))[0]).toBe(code);
    expect(encodeF16(new Float32Array([x]))[0]).toBe(code);
  });

  it('keeps NaN and its sign', () => {
    const bits = new Uint32Array([0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001]);
    expect([...encodeF16(new Float32Array(bits.buffer))]).toEqual([0x7e00, 0xfe00, 0x7e00, 0xfe00]);
    expect(isNaN16(encodeF16(new Float64Array([Number.NaN]))[0]!)).toBe(true);
  });

  it('reads and writes views at any offset', () => {
    const values = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
    const out = new Uint16Array(4);
    encodeF16(values, out.subarray(1, 3));
    expect([...out]).toEqual([0, 0x3c00, 0x4000, 0]);
  });

  it('refuses an output of another length', () => {
    expect(() => encodeF16(new Float32Array(3), new Uint16Array(2))).toThrow(ShapeError);
    expect(() => encodeF16(new Float32Array(3), new Uint16Array(2))).toThrow(
      'encodeF16: output has another length than the input, expected 3 elements, received 2',
    );
  });
});

describe('decodeF16', () => {
  it('gives the golden float32 bits of 1197 codes, NaN as NaN with its sign', () => {
    const codes = readGolden('ieee/decode_f16_codes.npy').data as Uint16Array;
    const expected = readGolden('ieee/decode_f16_f32_bits.npy').data as Uint32Array;
    const bits = new Uint32Array(decodeF16(codes).buffer);
    expect(codes.length).toBe(1197);
    const wrong = [...codes.keys()].filter((i) =>
      isNaN16(codes[i]!)
        ? (bits[i]! & 0x7fffffff) <= 0x7f800000 || bits[i]! >>> 31 !== expected[i]! >>> 31
        : bits[i] !== expected[i],
    );
    expect(wrong).toEqual([]);
  });

  it('gives the value of the definition for all codes', () => {
    const decoded = decodeF16(Uint16Array.from({ length: 0x7c00 }, (_, i) => i));
    expect(Float64Array.from(decoded)).toEqual(VALUES.slice(0, 0x7c00));
    const negative = decodeF16(Uint16Array.from({ length: 0x7c00 }, (_, i) => i | 0x8000));
    expect(negative.every((value, i) => Object.is(value, -decoded[i]!))).toBe(true);
  });

  it('refuses an output of another length', () => {
    expect(() => decodeF16(new Uint16Array(3), new Float32Array(4))).toThrow(ShapeError);
  });
});

describe('roundToF16', () => {
  it('is a value of F16, nearest to the number', () => {
    expect(roundToF16(0.1)).toBe(0.0999755859375);
    expect(roundToF16(65520)).toBe(Infinity);
    expect(roundToF16(-0)).toBe(-0);
    expect(roundToF16(Number.NaN)).toBeNaN();
  });
});
