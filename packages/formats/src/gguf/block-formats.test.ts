import { InvalidInputError, ShapeError, type Tensor } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../../test/read-golden.ts';
import type { BlockFormat } from './block-format.ts';
import { BLOCK_FORMATS, isBlockType } from './block-formats.ts';

const formats = Object.values(BLOCK_FORMATS) as readonly BlockFormat[];
const writable = formats.filter((format) => format.quantize !== undefined);

/** Bytes of each field of a block, in order (ggml-common.h, the block_* structs and their static_asserts). */
const FIELDS: Record<string, readonly number[]> = {
  Q4_0: [2, 16], // d, qs
  Q4_1: [2, 2, 16], // d, m, qs
  Q5_0: [2, 4, 16], // d, qh, qs
  Q5_1: [2, 2, 4, 16], // d, m, qh, qs
  Q8_0: [2, 32], // d, qs
  Q2_K: [16, 64, 2, 2], // scales, qs, d, dmin
  Q3_K: [32, 64, 12, 2], // hmask, qs, scales, d
  Q4_K: [2, 2, 12, 128], // d, dmin, scales, qs
  Q5_K: [2, 2, 12, 32, 128], // d, dmin, scales, qh, qs
  Q6_K: [128, 64, 16, 2], // ql, qh, scales, d
  IQ4_NL: [2, 16], // d, qs
  MXFP4: [1, 16], // e, qs
};

/** √(Σ (x − x̂)²) / n on 0.1 + 2 cos(i), n = 4096: measure and bounds of ggml's tests/test-quantize-fns.cpp. */
const MAX_TOTAL_ERROR = 0.002;
const MAX_TOTAL_ERROR_2BITS = 0.0075;
const MAX_TOTAL_ERROR_3BITS = 0.004;

const bytesOf = (tensor: Tensor) => tensor.data as Uint8Array;
const floatsOf = (tensor: Tensor) => tensor.data as Float32Array;

describe.each(formats)('$name', (format) => {
  const { name, blockSize, bytesPerBlock } = format;

  it('is named after itself and has the size of its fields', () => {
    expect(BLOCK_FORMATS[name]).toBe(format);
    expect(FIELDS[name]!.reduce((sum, bytes) => sum + bytes)).toBe(bytesPerBlock);
    expect(blockSize).toBe(name.endsWith('_K') ? 256 : 32);
  });

  it('dequantizes to the bits of ggml', () => {
    const blocks = bytesOf(readGolden(`gguf/${name}_blocks.npy`));
    const expected = floatsOf(readGolden(`gguf/${name}_decoded.npy`));
    const out = new Float32Array(expected.length);
    format.dequantize(blocks, out);
    expect(firstDifference(bitsOf(out), bitsOf(expected))).toBe('none');
  });

  it('refuses lengths that are not whole blocks', () => {
    for (const [bytes, elements] of [
      [bytesPerBlock - 1, blockSize],
      [bytesPerBlock, blockSize + 1],
      [2 * bytesPerBlock, blockSize],
    ] as const) {
      expect(() => format.dequantize(new Uint8Array(bytes), new Float32Array(elements))).toThrow(ShapeError);
      expect(() => format.dequantize(new Uint8Array(bytes), new Float32Array(elements))).toThrow(name);
    }
    format.dequantize(new Uint8Array(0), new Float32Array(0));
  });
});

describe.each(writable)('$name packed', (format) => {
  const { name, blockSize, bytesPerBlock } = format;
  const quantize = (values: Float32Array) => {
    const out = new Uint8Array((values.length / blockSize) * bytesPerBlock).fill(0xa5); // every byte must be written
    format.quantize!(values, out);
    return out;
  };
  const roundTrip = (values: Float32Array) => {
    const out = new Float32Array(values.length);
    format.dequantize(quantize(values), out);
    return out;
  };

  it('quantizes to the bytes of ggml', () => {
    const values = floatsOf(readGolden('gguf/values.npy'));
    const expected = bytesOf(readGolden(`gguf/${name}_encoded.npy`));
    expect(firstDifference(quantize(values), expected)).toBe('none');
  });

  it('stays inside the error bound of ggml', () => {
    const values = cosines(4096);
    expect(totalError(values, roundTrip(values))).toBeLessThan(MAX_TOTAL_ERROR);
  });

  it('gives each block the same bytes wherever it stands', () => {
    const values = floatsOf(readGolden('gguf/values.npy')).slice(0, 4 * 256);
    const whole = quantize(values);
    for (let b = 0; b * blockSize < values.length; b++) {
      const alone = quantize(values.slice(b * blockSize, (b + 1) * blockSize));
      expect(alone).toEqual(whole.slice(b * bytesPerBlock, (b + 1) * bytesPerBlock));
    }
  });

  it('keeps zeros, and values below what its scales hold become zeros', () => {
    expect(roundTrip(new Float32Array(256)).every((x) => x === 0)).toBe(true);
    const tiny = new Float32Array(256).map((_, i) => (i % 2 === 0 ? 1e-40 : -1e-42));
    expect(roundTrip(tiny).every((x) => x === 0)).toBe(true);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'refuses %s by its index',
    (bad) => {
      const values = new Float32Array(512);
      values[300] = bad;
      expect(() => quantize(values)).toThrow(InvalidInputError);
      expect(() => quantize(values)).toThrow(
        `${name}: cannot quantize element 300, expected a finite number, received ${bad}`,
      );
    },
  );

  it.each([1e10, 1e14, 1e20, 3.4e38])(
    'refuses values of %s, for which no F16 scale is large enough',
    (size) => {
      const values = new Float32Array(256).map((_, i) => size * Math.cos(i));
      expect(() => quantize(values)).toThrow(InvalidInputError);
      expect(() => quantize(values)).toThrow(
        'the scale or minimum of a block is too large for F16, expected a magnitude of at most 65504',
      );
    },
  );

  it('refuses lengths that are not whole blocks', () => {
    const pack = () => format.quantize!(new Float32Array(blockSize), new Uint8Array(bytesPerBlock + 1));
    expect(pack).toThrow(ShapeError);
  });
});

it.each([
  ['Q2_K', MAX_TOTAL_ERROR_2BITS],
  ['Q3_K', MAX_TOTAL_ERROR_3BITS],
  ['IQ4_NL', MAX_TOTAL_ERROR],
  ['MXFP4', MAX_TOTAL_ERROR_3BITS],
] as const)('reads what ggml packed as %s within a total error of %d', (name, bound) => {
  const out = new Float32Array(4096);
  BLOCK_FORMATS[name].dequantize(bytesOf(readGolden(`gguf/${name}_cosine.npy`)), out);
  expect(totalError(cosines(4096), out)).toBeLessThan(bound);
});

it('orders the formats by their error on normal values', () => {
  const values = floatsOf(readGolden('gguf/values.npy')).slice(512, 1536); // standard normal times 0.02
  const error = (name: (typeof writable)[number]['name']) => {
    const format = BLOCK_FORMATS[name];
    const bytes = new Uint8Array((values.length / format.blockSize) * format.bytesPerBlock);
    format.quantize!(values, bytes);
    const back = new Float32Array(values.length);
    format.dequantize(bytes, back);
    return values.reduce((sum, x, i) => sum + (x - back[i]!) ** 2, 0);
  };
  const order = ['Q4_0', 'Q4_1', 'Q4_K', 'Q5_0', 'Q5_1', 'Q5_K', 'Q6_K', 'Q8_0'] as const;
  const errors = order.map(error);
  for (let i = 1; i < order.length; i++) {
    expect(errors[i], `${order[i]} after ${order[i - 1]}`).toBeLessThan(errors[i - 1]!);
  }
});

it('knows block types from dtypes', () => {
  expect(isBlockType('Q4_K')).toBe(true);
  expect(isBlockType('F16')).toBe(false);
});

/** The synthetic data of ggml's own test. */
function cosines(count: number): Float32Array {
  return new Float32Array(count).map((_, i) => 0.1 + 2 * Math.cos(i));
}

function totalError(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0)) / a.length;
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.slice().buffer);
}

function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): string {
  if (a.length !== b.length) return `lengths ${a.length} and ${b.length}`;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return `at ${i}: ${a[i]}, expected ${b[i]}`;
  return 'none';
}
