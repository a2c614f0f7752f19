/** @file Blocks worked out by hand from the round rules, one per format of 32 elements. F16: 1 = 0x3c00, −1 = 0xbc00, 2 = 0x4000, 0.5 = 0x3800. */
import { describe, expect, it } from 'vitest';
import { dequantizeBlocks, type QuantizableType, quantizeBlocks } from './quantize-blocks.ts';

/** 32 values: the given ones first, zeros after. */
const block = (...values: number[]) => {
  const out = new Float32Array(32);
  out.set(values);
  return out;
};

const check = (type: QuantizableType, values: Float32Array, expected: number[], decoded: number[]) => {
  expect([...quantizeBlocks(type, values)]).toEqual(expected);
  expect([...dequantizeBlocks(type, new Uint8Array(expected))].slice(0, decoded.length)).toEqual(decoded);
};

/** `count` bytes. */
const repeat = (byte: number, count: number) => new Array<number>(count).fill(byte);

describe('Q4_0', () => {
  it('takes its scale from the element of largest magnitude, with its sign', () => {
    // −8 is largest: d = −8 / −8 = 1; q = trunc(x + 8.5): −8 → 0, 3 → 11, 2.4 → 10, 2.5 → 11 (a tie goes up), −2.5 → 6, 0 → 8
    // byte j holds element j low, j + 16 high; elements 16… are 0 → 8
    const values = block(-8, 3, 2.4, 2.5, -2.5);
    check(
      'Q4_0',
      values,
      [0x00, 0x3c, 0x80, 0x8b, 0x8a, 0x8b, 0x86, ...repeat(0x88, 11)],
      [-8, 3, 2, 3, -2, 0],
    );
  });

  it('clamps the opposite extreme to 15', () => {
    // 8 is the first of the largest: d = −1; 8 → trunc(−8 + 8.5) = 0, −8 → trunc(8 + 8.5) = 16 → 15, which means −7
    check('Q4_0', block(8, -8), [0x00, 0xbc, 0x80, 0x8f, ...repeat(0x88, 14)], [8, -7, -0]);
  });

  it('stores the scale rounded to F16 but divides by the float32 one', () => {
    // d = 1.0001 (float32); F16 has 1 and 1.000977 around it, so 1 is stored; x / d = 8.5 − … stays with d
    const bytes = quantizeBlocks('Q4_0', block(-8 * 1.0001, 2.5 * 1.0001));
    expect([...bytes.slice(0, 4)]).toEqual([0x00, 0x3c, 0x80, 0x8b]);
  });
});

describe('Q4_1', () => {
  it('spans from the minimum to the maximum', () => {
    // min −1, max 14: d = 15 / 15 = 1, m = −1; q = trunc(x + 1 + 0.5): −1 → 0, 14 → 15, 0.5 → 2 (a tie goes up), 0.4 → 1, 0 → 1
    const expected = [0x00, 0x3c, 0x00, 0xbc, 0x10, 0x1f, 0x12, 0x11, ...repeat(0x11, 12)];
    check('Q4_1', block(-1, 14, 0.5, 0.4), expected, [-1, 14, 1, 0, 0]);
  });

  it('keeps a constant block exactly, when F16 has the value', () => {
    // d = 0: every code is 0 and means m
    check('Q4_1', new Float32Array(32).fill(0.5), [0, 0, 0x00, 0x38, ...repeat(0, 16)], [0.5, 0.5]);
  });
});

describe('Q5_0', () => {
  it('puts the fifth bits of elements 0…31 into bits 0…31', () => {
    // −16 is largest: d = 1; q = trunc(x + 16.5): −16 → 0, 15 → 31, −1.5 → 15, −1.4 → 15, 1.5 → 18, 0 → 16
    // fifth bits: 0, 1, 0, 0, 1, then 1 for every zero: 0xfffffff2; low nibbles: 0, f, f, f, 2, then 0
    const expected = [0x00, 0x3c, 0xf2, 0xff, 0xff, 0xff, 0x00, 0x0f, 0x0f, 0x0f, 0x02, ...repeat(0, 11)];
    check('Q5_0', block(-16, 15, -1.5, -1.4, 1.5), expected, [-16, 15, -1, -1, 2, 0]);
  });

  it('puts elements 16…31 into the high nibbles', () => {
    // d = 1; element 16 is −16 → 0, element 31 is 5 → 21 = 16 + 5; zeros → 16
    const values = new Float32Array(32);
    values[16] = -16;
    values[31] = 5;
    const bytes = [0x00, 0x3c, 0xff, 0xff, 0xfe, 0xff, ...repeat(0, 15), 0x50];
    expect([...quantizeBlocks('Q5_0', values)]).toEqual(bytes);
    expect(dequantizeBlocks('Q5_0', new Uint8Array(bytes))).toEqual(values);
  });
});

describe('Q5_1', () => {
  it('spans from the minimum to the maximum in 31 steps', () => {
    // min −2, max 60: d = 62 / 31 = 2, m = −2; q = trunc((x + 2) / 2 + 0.5): −2 → 0, 60 → 31, 29 → 16, 0 → 1
    // fifth bits of elements 1 and 2; low nibbles 0, f, 0, then 1
    const expected = [0x00, 0x40, 0x00, 0xc0, 0x06, 0, 0, 0, 0x10, 0x1f, 0x10, ...repeat(0x11, 13)];
    check('Q5_1', block(-2, 60, 29), expected, [-2, 60, 30, 0]);
  });
});

describe('Q8_0', () => {
  it('rounds half away from zero on both sides', () => {
    // max |x| = 127: d = 1; 2.5 → 3, −2.5 → −3 = 0xfd, 0.5 → 1, −0.5 → −1, 0.49999997 → 0, −127 → 0x81
    const values = block(127, 2.5, -2.5, 0.5, -0.5, 0.49999997, -127);
    const expected = [0x00, 0x3c, 127, 3, 0xfd, 1, 0xff, 0, 0x81, ...repeat(0, 25)];
    check('Q8_0', values, expected, [127, 3, -3, 1, -1, 0, -127, 0]);
  });
});

describe('MXFP4', () => {
  it('reads E2M1 codes with a power-of-two scale', () => {
    // e = 128: scale 2; codes 0…15: 0, .5, 1, 1.5, 2, 3, 4, 6 and the negatives, times 2; high nibbles are elements 16…31
    const bytes = new Uint8Array([128, ...Array.from({ length: 16 }, (_, q) => q | ((15 - q) << 4))]);
    const doubled = [0, 1, 2, 3, 4, 6, 8, 12];
    const expected = [...doubled, ...doubled.map((x) => (x === 0 ? 0 : -x))];
    expect([...dequantizeBlocks('MXFP4', bytes)]).toEqual([...expected, ...expected.toReversed()]);
  });

  it.each([
    [0, 6 * 2 ** -127],
    [127, 6],
    [252, 6 * 2 ** 125],
    [255, Number.POSITIVE_INFINITY],
  ])('has scale 2^(e − 127) for e = %d', (e, six) => {
    const bytes = new Uint8Array(17).fill(0x07);
    bytes[0] = e;
    expect(dequantizeBlocks('MXFP4', bytes)[0]).toBe(six);
  });
});

describe('IQ4_NL', () => {
  it('reads codes through its table', () => {
    const bytes = new Uint8Array([0x00, 0x38, ...Array.from({ length: 16 }, (_, q) => q)]); // d = 0.5
    const levels = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
    expect([...dequantizeBlocks('IQ4_NL', bytes)].slice(0, 16)).toEqual(levels.map((x) => x / 2));
    expect(dequantizeBlocks('IQ4_NL', bytes)[16]).toBe(-63.5);
  });
});
