import { InvalidInputError, ShapeError, UnsupportedError } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockType } from '../tensor-source.ts';
import { BLOCK_FORMATS } from './block-formats.ts';
import { dequantizeBlocks, type QuantizableType, quantizeBlocks } from './quantize-blocks.ts';

/** Largest error of an element, in units of the block's span (symmetric: of twice the largest magnitude), for values of one block. */
const STEP: Record<string, number> = {
  Q4_0: 1.02 / 16, // the extreme opposite to the scale's is clamped: a whole step
  Q4_1: 0.51 / 15,
  Q5_0: 1.02 / 32,
  Q5_1: 0.51 / 31,
  Q8_0: 0.51 / 254,
};

const floats = (length: number) =>
  fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: length, maxLength: length });

describe('quantizeBlocks', () => {
  it.each(Object.keys(STEP) as (QuantizableType & BlockType)[])('%s is within half a step', (type) => {
    fc.assert(
      fc.property(floats(32), (numbers) => {
        const values = new Float32Array(numbers);
        const back = dequantizeBlocks(type, quantizeBlocks(type, values));
        const size = Math.max(...values.map(Math.abs));
        const span = type.endsWith('_1') ? Math.max(...values) - Math.min(...values) : 2 * size;
        // the scale (and minimum) rounded to F16 moves every element by up to 2^-11 of its own, or the smallest subnormal
        const bound = span * STEP[type]! + size * 2 ** -10 + 32 * 2 ** -24;
        for (const [i, x] of values.entries()) expect(Math.abs(x - back[i]!)).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 300 },
    );
  });

  it.each(['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'Q4_K', 'Q5_K', 'Q6_K'] as const)(
    '%s gives finite values no larger than the input needs',
    (type) => {
      fc.assert(
        fc.property(floats(256), (numbers) => {
          const values = new Float32Array(numbers);
          const back = dequantizeBlocks(type, quantizeBlocks(type, values));
          const size = Math.max(...values.map(Math.abs));
          expect(back.every((x) => Math.abs(x) <= 1.3 * size + 1e-4)).toBe(true);
        }),
        { numRuns: 100 },
      );
    },
  );

  it('keeps F32 bit for bit, in its own memory', () => {
    const values = new Float32Array([1, -0, Number.NaN, Number.POSITIVE_INFINITY]);
    const bytes = quantizeBlocks('F32', values);
    expect(new Uint32Array(bytes.buffer)).toEqual(new Uint32Array(values.buffer));
    expect(bytes.buffer).not.toBe(values.buffer);
    expect(dequantizeBlocks('F32', bytes)).toEqual(values);
  });

  it('rounds to F16 and BF16', () => {
    expect([...quantizeBlocks('F16', new Float32Array([1, -2]))]).toEqual([0x00, 0x3c, 0x00, 0xc0]);
    expect([...quantizeBlocks('BF16', new Float32Array([1, -2]))]).toEqual([0x80, 0x3f, 0x00, 0xc0]);
    expect([...dequantizeBlocks('F16', new Uint8Array([0x00, 0x3c]))]).toEqual([1]);
    expect([...dequantizeBlocks('BF16', new Uint8Array([0x00, 0xc0]))]).toEqual([-2]);
  });

  it('reads bytes at any alignment', () => {
    const bytes = new Uint8Array([9, ...quantizeBlocks('F32', new Float32Array([0.5]))]).subarray(1);
    expect([...dequantizeBlocks('F32', bytes)]).toEqual([0.5]);
  });

  it('lets no block span two rows', () => {
    const values = new Float32Array(96);
    expect(quantizeBlocks('Q4_0', values, { rowLength: 32 }).length).toBe(54);
    expect(quantizeBlocks('Q4_0', new Float32Array(0)).length).toBe(0);
    expect(() => quantizeBlocks('Q4_0', values, { rowLength: 48 })).toThrow(ShapeError);
    expect(() => quantizeBlocks('Q4_0', values, { rowLength: 48 })).toThrow(
      'quantizeBlocks: a row is not a whole number of Q4_0 blocks, expected a multiple of 32 elements, received 48',
    );
    expect(() => quantizeBlocks('Q4_K', new Float32Array(96))).toThrow(
      'a multiple of 256 elements, received 96',
    );
    expect(() => quantizeBlocks('Q4_0', values, { rowLength: 64 })).toThrow('values are not whole rows');
    expect(() => quantizeBlocks('Q4_0', values, { rowLength: 0.5 })).toThrow(ShapeError);
    expect(() => quantizeBlocks('Q4_0', values, { rowLength: 0 })).toThrow(ShapeError);
  });

  it('refuses what it cannot pack, by name', () => {
    expect(() => quantizeBlocks('Q2_K' as QuantizableType, new Float32Array(256))).toThrow(UnsupportedError);
    expect(() => quantizeBlocks('Q2_K' as QuantizableType, new Float32Array(256))).toThrow('received Q2_K');
    expect(() => quantizeBlocks('I8' as QuantizableType, new Float32Array(1))).toThrow(UnsupportedError);
    expect(() => quantizeBlocks('Q8_0', new Float32Array(32).fill(Number.NaN))).toThrow(InvalidInputError);
  });
});

describe('dequantizeBlocks', () => {
  it.each(Object.values(BLOCK_FORMATS))('refuses a part of a block of $name', ({ name, bytesPerBlock }) => {
    const read = () => dequantizeBlocks(name, new Uint8Array(bytesPerBlock + 1));
    expect(read).toThrow(ShapeError);
    expect(read).toThrow(
      `bytes are not whole blocks of ${name}, expected a multiple of ${bytesPerBlock} bytes`,
    );
    expect(dequantizeBlocks(name, new Uint8Array(0)).length).toBe(0);
  });

  it('refuses other types', () => {
    expect(() => dequantizeBlocks('F16', new Uint8Array(3))).toThrow('not whole elements of F16');
    expect(() => dequantizeBlocks('I8' as BlockType, new Uint8Array(3))).toThrow(UnsupportedError);
  });
});
