import { InvalidInputError, ShapeError } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeE2M1, encodeE2M1 } from './e2m1.ts';

const MAGNITUDES = [0, 0.5, 1, 1.5, 2, 3, 4, 6]; // quant-spec.md B.9
const DECISIONS = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5]; // between code i and i + 1

describe('E2M1', () => {
  it('decodes its sixteen codes', () => {
    const codes = Uint8Array.from({ length: 16 }, (_, code) => code);
    expect([...decodeE2M1(codes)]).toEqual([...MAGNITUDES, ...MAGNITUDES.map((x) => -x)]);
  });

  it('decides at the midpoints, ties to the even code', () => {
    for (const [code, x] of DECISIONS.entries()) {
      const near = new Float64Array([x * (1 - 2 ** -52), x, x * (1 + 2 ** -52)]);
      expect([...encodeE2M1(near)]).toEqual([code, code + (code & 1), code + 1]);
      expect([...encodeE2M1(near.map((y) => -y))]).toEqual([
        code | 8,
        (code + (code & 1)) | 8,
        (code + 1) | 8,
      ]);
    }
  });

  it('saturates, infinities too', () => {
    expect([...encodeE2M1(new Float64Array([6.5, 7, 1e300, Infinity, -Infinity, -0]))]).toEqual([
      7, 7, 7, 7, 15, 8,
    ]);
  });

  it('gives the nearest magnitude', () => {
    fc.assert(
      fc.property(fc.double({ min: -6, max: 6, noNaN: true }), (x) => {
        const gap = Math.abs(decodeE2M1(encodeE2M1(new Float64Array([x])))[0]! - x);
        expect(gap).toBe(Math.min(...MAGNITUDES.map((m) => Math.abs(Math.abs(x) - m))));
      }),
    );
  });

  it('refuses NaN, codes of more than four bits and outputs of another length', () => {
    expect(() => encodeE2M1(new Float32Array([0, Number.NaN]))).toThrow(InvalidInputError);
    expect(() => decodeE2M1(new Uint8Array([0, 16]))).toThrow(
      'decodeE2M1: element 1 is not a code of 4 bits, expected 0 to 15, received 16',
    );
    expect(() => encodeE2M1(new Float32Array(1), new Uint8Array(2))).toThrow(ShapeError);
    expect(() => decodeE2M1(new Uint8Array(1), new Float32Array(2))).toThrow(ShapeError);
  });
});
