import { InvalidInputError, ShapeError } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeE8M0, type E8M0Rounding, encodeE8M0 } from './e8m0.ts';

const codesOf = (rounding: E8M0Rounding, ...values: number[]): number[] => [
  ...encodeE8M0(new Float64Array(values), undefined, rounding),
];

describe('E8M0', () => {
  it('decodes every code to its power of two, the last to NaN', () => {
    const values = decodeE8M0(Uint8Array.from({ length: 256 }, (_, code) => code));
    expect([...values.subarray(0, 255)]).toEqual(Array.from({ length: 255 }, (_, code) => 2 ** (code - 127)));
    expect(values[255]).toBeNaN();
  });

  it('is exact on powers of two in every rounding', () => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    for (const rounding of ['floor', 'ceil', 'nearest'] as const) {
      expect(encodeE8M0(decodeE8M0(codes), undefined, rounding)).toEqual(codes);
    }
  });

  it('rounds down, up or to the nearer', () => {
    const values = [1.25, 1.5, 1.75, 5, 6, 0.7];
    expect(codesOf('floor', ...values)).toEqual([127, 127, 127, 129, 129, 126]);
    expect(codesOf('ceil', ...values)).toEqual([128, 128, 128, 130, 130, 127]);
    expect(codesOf('nearest', ...values)).toEqual([127, 128, 128, 129, 130, 126]);
    expect(codesOf('ceil', 1 + 2 ** -52)).toEqual([128]);
  });

  it('ends at 2^-127 and 2^127; infinity and NaN are NaN', () => {
    for (const rounding of ['floor', 'ceil', 'nearest'] as const) {
      expect(
        codesOf(rounding, 0, -0, 1e-300, 2 ** -128, 1.9 * 2 ** 127, 1e300, Infinity, Number.NaN),
      ).toEqual([0, 0, 0, 0, 254, 254, 255, 255]);
    }
  });

  it('has the number between floor and ceil', () => {
    const inRange = fc.double({ min: 2 ** -126, max: 2 ** 126, noNaN: true });
    fc.assert(
      fc.property(inRange, (x) => {
        const [floor] = decodeE8M0(encodeE8M0(new Float64Array([x]), undefined, 'floor'));
        const [ceil] = decodeE8M0(encodeE8M0(new Float64Array([x]), undefined, 'ceil'));
        expect(floor! <= x && x <= ceil! && (ceil === floor || ceil === 2 * floor!)).toBe(true);
      }),
    );
  });

  it('refuses negative numbers and outputs of another length', () => {
    expect(() => encodeE8M0(new Float32Array([-1]))).toThrow(InvalidInputError);
    expect(() => encodeE8M0(new Float32Array(1), new Uint8Array(2))).toThrow(ShapeError);
    expect(() => decodeE8M0(new Uint8Array(1), new Float32Array(2))).toThrow(ShapeError);
  });
});
