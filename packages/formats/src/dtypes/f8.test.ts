import { createRng, ShapeError } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../../test/read-golden.ts';
import { decodeF8E4M3, encodeF8E4M3, roundToF8E4M3 } from './f8-e4m3.ts';
import { decodeF8E5M2, encodeF8E5M2, roundToF8E5M2 } from './f8-e5m2.ts';
import type { OverflowMode } from './overflow-mode.ts';

const FORMATS = {
  e4m3fn: {
    encode: encodeF8E4M3,
    decode: decodeF8E4M3,
    round: roundToF8E4M3,
    isNan: (code: number) => (code & 0x7f) === 0x7f,
    max: 448,
    maxCode: 0x7e,
    half: 464, // halfway to what would be the next value
  },
  e5m2: {
    encode: encodeF8E5M2,
    decode: decodeF8E5M2,
    round: roundToF8E5M2,
    isNan: (code: number) => (code & 0x7f) > 0x7c,
    max: 57344,
    maxCode: 0x7b,
    half: 61440,
  },
} as const;
const MODES = { nonsat: 'nonsat', sat: 'sat', satInf: 'sat_inf' } as const;

const ALL_CODES = Uint8Array.from({ length: 256 }, (_, code) => code);
const goldenValues = (): Float32Array =>
  new Float32Array((readGolden('ieee/f32_bits.npy').data as Uint32Array).slice().buffer);

describe.each(Object.keys(FORMATS) as (keyof typeof FORMATS)[])('%s', (format) => {
  const { encode, decode, round, isNan, max, maxCode, half } = FORMATS[format];

  it.each(Object.keys(MODES) as OverflowMode[])('gives the golden codes, mode %s', (mode) => {
    const values = goldenValues();
    const expected = readGolden(`ieee/${format}_${MODES[mode]}.npy`).data as Uint8Array;
    expect(expected.length).toBe(2131);
    for (const input of [values, new Float64Array(values)]) {
      const codes = encode(input, undefined, mode);
      const wrong = [...codes.keys()].filter((i) =>
        isNan(expected[i]!) ? !isNan(codes[i]!) : codes[i] !== expected[i],
      );
      expect(wrong).toEqual([]);
    }
  });

  it('gives the golden float32 bits of all codes, NaN as NaN with its sign', () => {
    const expected = readGolden(`ieee/decode_${format}_f32_bits.npy`).data as Uint32Array;
    const bits = new Uint32Array(decode(ALL_CODES).buffer);
    const wrong = [...ALL_CODES].filter((code) =>
      isNan(code)
        ? (bits[code]! & 0x7fffffff) <= 0x7f800000 || bits[code]! >>> 31 !== expected[code]! >>> 31
        : bits[code] !== expected[code],
    );
    expect(wrong).toEqual([]);
  });

  it('is the inverse of decoding on all codes that are not NaN', () => {
    const codes = ALL_CODES.filter((code) => !isNan(code));
    expect(encode(decode(codes))).toEqual(codes);
    expect(encode(decode(codes), undefined, 'sat')).toEqual(codes);
  });

  it('rounds every midpoint to even and its neighbours to their side, also in float64', () => {
    const values = decode(ALL_CODES);
    const wrong: number[] = [];
    for (let code = 0; code < maxCode; code++) {
      const middle = (values[code]! + values[code + 1]!) / 2;
      const near = new Float64Array([middle * (1 - 2 ** -52), middle, middle * (1 + 2 ** -52)]);
      const codes = encode(near);
      if (codes[0] !== code || codes[1] !== code + (code & 1) || codes[2] !== code + 1) wrong.push(code);
    }
    expect(wrong).toEqual([]);
  });

  it('overflows from halfway past the largest value, as the mode says', () => {
    const values = new Float64Array([half - 2 ** -30, half + 2 ** -30, -1e300, Infinity, -Infinity]);
    const numbers = (mode: OverflowMode) => [...decode(encode(values, undefined, mode))];
    const over = format === 'e5m2' ? Infinity : Number.NaN;
    expect(numbers('nonsat')).toEqual([max, over, -over, over, -over]);
    expect(numbers('sat')).toEqual([max, max, -max, over, -over]);
    expect(numbers('satInf')).toEqual([max, max, -max, max, -max]);
  });

  it('keeps NaN and its sign in every mode', () => {
    const bits = new Uint32Array([0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001]);
    for (const mode of Object.keys(MODES) as OverflowMode[]) {
      const codes = encode(new Float32Array(bits.buffer), undefined, mode);
      expect([...codes].map((code) => [isNan(code), code >> 7])).toEqual([
        [true, 0],
        [true, 1],
        [true, 0],
        [true, 1],
      ]);
    }
  });

  it('agrees with a search over all values for any number', () => {
    const values = [...decode(ALL_CODES.subarray(0, maxCode + 1))];
    const nearest = (x: number): number => {
      const size = Math.abs(x);
      let best = 0;
      for (const [code, value] of values.entries()) {
        const gap = Math.abs(size - value) - Math.abs(size - values[best]!);
        if (gap < 0 || (gap === 0 && code % 2 === 0)) best = code;
      }
      return best | (x < 0 ? 0x80 : 0);
    };
    const rng = createRng(8);
    const numbers = Float64Array.from({ length: 3000 }, () => {
      const x = rng.normal() * 2 ** (rng.int(34) - 18);
      return Math.max(-max, Math.min(max, x));
    });
    expect(encode(numbers)).toEqual(Uint8Array.from(numbers, nearest));
    const narrow = new Float32Array(numbers);
    expect(encode(narrow)).toEqual(Uint8Array.from(narrow, nearest));
  });

  it('rounds one number as it encodes an array', () => {
    fc.assert(
      fc.property(fc.double(), (x) => {
        expect(round(x)).toEqual(decode(encode(new Float64Array([x])))[0]);
        expect(round(x, 'sat')).toEqual(decode(encode(new Float64Array([x]), undefined, 'sat'))[0]);
      }),
    );
  });

  it('reads and writes views, and refuses an output of another length', () => {
    const out = new Uint8Array(4);
    encode(new Float32Array([9, 1, 2, 9]).subarray(1, 3), out.subarray(1, 3));
    expect([...out]).toEqual([0, ...encode(new Float32Array([1, 2])), 0]);
    expect(() => encode(new Float32Array(3), new Uint8Array(2))).toThrow(ShapeError);
    expect(() => decode(new Uint8Array(3), new Float32Array(4))).toThrow(ShapeError);
  });
});

it('prints what the examples say', () => {
  expect(encodeF8E4M3(new Float32Array([1, -2, 500]))).toEqual(new Uint8Array([0x38, 0xc0, 0x7f]));
  expect(encodeF8E5M2(new Float32Array([1, -2, 1e6]))).toEqual(new Uint8Array([0x3c, 0xc0, 0x7c]));
  expect([roundToF8E4M3(0.1), roundToF8E5M2(0.1)]).toEqual([0.1015625, 0.09375]);
});
