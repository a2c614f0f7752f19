import { createRng, Tensor, UnsupportedError } from '@bitcliff/core';
import { type AffineMatrix, dequantizeAffineRef, quantizeAffineRef } from '@bitcliff/kernels';
import { describe, expect, it } from 'vitest';
import { encodeWeight } from '../schemes/encode-weight.ts';
import { dequantizeStored, type Float4Weight } from '../schemes/stored-weight.ts';
import { packAwq, unpackAwq } from './awq-layout.ts';
import {
  packCompressedTensors,
  packFloatQuantized,
  packIntQuantized,
  unpackCompressedTensors,
  unpackFloatQuantized,
  unpackIntQuantized,
} from './compressed-tensors-layout.ts';
import { packFloat4, unpackFloat4 } from './float4-layout.ts';
import { packGptq, unpackGptq } from './gptq-layout.ts';
import { packMatMulNBits, unpackMatMulNBits } from './mat-mul-nbits-layout.ts';
import { packWords, unpackWords } from './pack-words.ts';

const rng = createRng(12);
function quantized(
  rows: number,
  columns: number,
  bits: number,
  groupSize: number,
  symmetric = false,
  scaleDtype: 'F16' | 'F32' = 'F16',
): AffineMatrix {
  const data = Float32Array.from({ length: rows * columns }, () => rng.normal());
  return quantizeAffineRef(
    { data, rows, columns },
    { bits, symmetric, grid: 'awq', granularity: 'perGroup', groupSize, scaleDtype },
  );
}
const record = (tensors: object) => tensors as Record<string, Tensor>;

describe('packWords', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is a dense stream of %i bits, low bits first', (bits) => {
    const codes = Uint8Array.from({ length: 3 * 37 }, () => rng.int(2 ** bits));
    const packed = packWords(codes, 3, 37, bits);
    expect(unpackWords(packed, 3, 37, bits)).toEqual(codes);
    const words = packed.length / 3;
    for (let r = 0; r < 3; r++) {
      let stream = 0n; // the row as one number
      for (let w = 0; w < words; w++) stream |= BigInt(packed[r * words + w]! >>> 0) << BigInt(32 * w);
      for (let k = 0; k < 37; k++) {
        expect(Number((stream >> BigInt(k * bits)) & BigInt(2 ** bits - 1))).toBe(codes[r * 37 + k]);
      }
    }
  });
});

describe('GPTQ layout', () => {
  it.each([2, 3, 4, 8])('%i bits go there and back', (bits) => {
    const matrix = quantized(128, 64, bits, 32);
    for (const version of ['v1', 'v2'] as const) {
      if (version === 'v1' && matrix.zeroPoint.includes(0)) continue;
      const tensors = packGptq(matrix, { version });
      expect(tensors.qweight.shape).toEqual([(128 * bits) / 32, 64]);
      expect(tensors.qzeros.shape).toEqual([4, (64 * bits) / 32]);
      expect(unpackGptq(record(tensors), { bits, groupSize: 32, symmetric: false, version })).toEqual(matrix);
    }
  });

  it('has the bits of AutoGPTQ: input i of output n in nibble i % 8 of word i / 8, zero points less one along outputs', () => {
    const matrix = quantized(16, 8, 4, 16);
    const { qweight, qzeros } = packGptq(matrix, { version: 'v1' });
    for (let k = 0; k < 16; k++) {
      for (let n = 0; n < 8; n++) {
        expect((qweight.data[Math.floor(k / 8) * 8 + n]! >>> (4 * (k % 8))) & 15).toBe(
          matrix.codes[k * 8 + n],
        );
      }
    }
    for (let n = 0; n < 8; n++) expect((qzeros.data[0]! >>> (4 * n)) & 15).toBe(matrix.zeroPoint[n]! - 1);
  });

  it('keeps the groups of act-order', () => {
    const groupIndex = Uint32Array.from({ length: 64 }, (_, r) => (r * 7) % 2);
    const matrix = { ...quantized(64, 32, 4, 32), groupIndex };
    const back = unpackGptq(record(packGptq(matrix, { version: 'v2' })), {
      bits: 4,
      groupSize: 32,
      symmetric: false,
      version: 'v2',
    });
    expect(back).toEqual(matrix);
    expect(dequantizeAffineRef(back)).toEqual(dequantizeAffineRef(matrix));
  });

  it('says what it cannot hold', () => {
    const pack = (matrix: AffineMatrix) => () => packGptq(matrix, { version: 'v1' });
    expect(pack(quantized(32, 32, 5, 32))).toThrow(
      'packGptq: no such width, expected bits of 2, 3, 4, 8, received 5',
    );
    expect(pack(quantized(32, 20, 4, 32))).toThrow('codes do not fill 32-bit words');
    expect(pack(quantized(32, 32, 4, 32, false, 'F32'))).toThrow(
      'the scales are not F16, expected a scheme with scaleDtype "F16"',
    );
    const matrix = quantized(32, 32, 4, 32);
    expect(pack({ ...matrix, zeroPoint: new Float32Array(32) })).toThrow(
      'expected zero points from 1, or version "v2", received 0',
    );
    expect(pack({ ...matrix, zeroPoint: new Float32Array(32).fill(7.5) })).toThrow(
      'the zero points are not codes',
    );
    expect(() => unpackGptq({}, { bits: 4, groupSize: 32, symmetric: false, version: 'v1' })).toThrow(
      'unpackGptq: qweight does not fit, expected I32, received nothing',
    );
  });
});

describe('AWQ layout', () => {
  it('goes there and back', () => {
    const matrix = quantized(64, 40, 4, 32);
    expect(unpackAwq(record(packAwq(matrix)), { groupSize: 32 })).toEqual(matrix);
  });

  it('orders the outputs of a word as AutoAWQ', () => {
    const codes = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
    const matrix = { ...quantized(1, 8, 4, 1), codes };
    expect((packAwq(matrix).qweight.data[0]! >>> 0).toString(16)).toBe('75316420');
  });

  it('says what it cannot hold', () => {
    expect(() => packAwq(quantized(32, 8, 3, 32))).toThrow(
      'packAwq: no such width, expected 4 bits, received 3',
    );
    expect(() => packAwq(quantized(40, 8, 4, 32))).toThrow(
      'the last group is shorter, expected inputs in groups of 32, received 40',
    );
    expect(() => packAwq(quantized(32, 12, 4, 32))).toThrow(UnsupportedError);
  });
});

describe('compressed-tensors', () => {
  it.each([
    [2, false],
    [3, true],
    [4, false],
    [4, true],
    [5, false],
    [8, true],
  ])('%i bits, symmetric %s, go there and back', (bits, symmetric) => {
    for (const scaleDtype of ['F16', 'F32'] as const) {
      const matrix = quantized(96, 20, bits, 32, symmetric, scaleDtype);
      const tensors = packCompressedTensors(matrix);
      expect(tensors.weight_scale.dtype).toBe(scaleDtype);
      expect(tensors.weight_packed.shape).toEqual([20, 3 * bits]);
      expect('weight_zero_point' in tensors).toBe(!symmetric);
      expect(unpackCompressedTensors(record(tensors), { bits, symmetric })).toEqual(matrix);
    }
  });

  it('has the bits of pack_to_int32: code + 2^(b−1) of signed weights', () => {
    const matrix = quantized(8, 1, 4, 8, true);
    const { weight_packed } = packCompressedTensors(matrix);
    for (let k = 0; k < 8; k++) expect((weight_packed.data[0]! >>> (4 * k)) & 15).toBe(matrix.codes[k]);
  });

  it('holds INT8 and FP8 plainly', () => {
    const matrix = quantized(48, 3, 8, 48, true);
    const { weight, weight_scale } = packIntQuantized(matrix);
    expect(weight.shape).toEqual([3, 48]);
    expect(weight_scale.shape).toEqual([3, 1]);
    for (let k = 0; k < 48; k++) expect(weight.data[k]).toBe(matrix.codes[k * 3]! - 128);
    expect(unpackIntQuantized({ weight, weight_scale })).toEqual(matrix);
    const one = new Tensor('F32', [1], Float32Array.of(0.5));
    expect(unpackIntQuantized({ weight, weight_scale: one }).scale).toEqual(Float32Array.of(0.5, 0.5, 0.5));
    const two = new Tensor('F32', [2, 1], new Float32Array(2));
    expect(() => unpackIntQuantized({ weight, weight_scale: two })).toThrow('weight_scale does not fit');
    expect(() => packIntQuantized(quantized(48, 3, 4, 48, true))).toThrow(
      'int-quantized holds INT8 per output alone',
    );
    const stored = {
      kind: 'float8',
      format: 'E4M3',
      codes: Uint8Array.of(1, 2, 3, 4, 5, 6),
      scale: Float32Array.of(0.3, 2),
      rows: 3,
      columns: 2,
    } as const;
    const float = packFloatQuantized(stored);
    expect(unpackFloatQuantized({ ...float })).toEqual(stored);
    expect([...float.weight.data]).toEqual([1, 3, 5, 2, 4, 6]);
    expect(float.weight.dtype).toBe('F8_E4M3');
    expect(float.weight_scale.dtype).toBe('F32');
  });
});

describe('MatMulNBits', () => {
  it.each([
    [2, 64, 16],
    [4, 64, 32],
    [8, 64, 64],
    [4, 70, 32],
  ])('%i bits, K = %i, blocks of %i go there and back', (bits, K, block) => {
    const matrix = quantized(K, 5, bits, block);
    const packed = packMatMulNBits(matrix);
    expect(packed.B.shape).toEqual([5, Math.ceil(K / block), (block * bits) / 8]);
    expect(unpackMatMulNBits(packed)).toEqual(matrix);
  });

  it('leaves out zero points of 2^(b−1), and pads one group of a whole column', () => {
    const matrix = quantized(40, 3, 4, 40, true);
    const packed = packMatMulNBits(matrix);
    expect(packed.zero_points).toBeNull();
    expect(packed.attributes).toEqual({ K: 40, N: 3, bits: 4, block_size: 64 });
    expect(unpackMatMulNBits(packed)).toEqual(matrix);
    expect(() => packMatMulNBits(quantized(96, 3, 4, 24))).toThrow(
      'expected groups of a power of two from 16 on, received 24',
    );
    expect(() => packMatMulNBits(quantized(96, 3, 3, 32))).toThrow('expected bits of 2, 4, 8, received 3');
  });
});

describe.each(['mxfp4', 'nvfp4'] as const)('%s of compressed-tensors', (kind) => {
  const groupSize = kind === 'mxfp4' ? 32 : 16;
  const stored = (rows: number, scale: number): Float4Weight => {
    const data = Float32Array.from({ length: rows * 3 }, () => scale * rng.normal());
    const scheme =
      kind === 'mxfp4'
        ? ({ kind, bits: 4, groupSize: 32, scaleRule: 'floor' } as const)
        : ({ kind, bits: 4, groupSize: 16 } as const);
    return encodeWeight({ data, rows, columns: 3 }, scheme) as Float4Weight;
  };

  it('goes there and back to the bit', () => {
    for (const scale of [1e-6, 0.02, 0.7, 3, 1e5]) {
      const weight = stored(96, scale);
      const back = unpackFloat4(record(packFloat4(weight)), kind);
      expect(back).toEqual(weight);
      expect(dequantizeStored(back)).toEqual(dequantizeStored(weight));
    }
  });

  it('has two codes in a byte, the even input low, and x̂ = e2m1 · scale [/ global]', () => {
    const weight = stored(64, 0.02);
    const { weight_packed, weight_scale, weight_global_scale } = packFloat4(weight);
    expect(weight_packed.shape).toEqual([3, 32]);
    expect(weight_scale.shape).toEqual([3, 64 / groupSize]);
    expect(weight_global_scale?.shape).toEqual(kind === 'nvfp4' ? [1] : undefined);
    const E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
    const values = dequantizeStored(weight);
    for (let n = 0; n < 3; n++) {
      for (let k = 0; k < 64; k++) {
        const byte = weight_packed.data[n * 32 + (k >> 1)]!;
        const code = k % 2 === 0 ? byte & 15 : byte >> 4;
        const s = weight_scale.data[n * (64 / groupSize) + Math.floor(k / groupSize)]!;
        const exponent = (s >> 3) & 15; // of E4M3, bias 7
        const e4m3 = exponent === 0 ? (s & 7) / 512 : (1 + (s & 7) / 8) * 2 ** (exponent - 7);
        const scale = kind === 'mxfp4' ? 2 ** (s - 127) : e4m3 / weight_global_scale!.data[0]!;
        const expected = (code & 8 ? -1 : 1) * E2M1[code & 7]! * scale;
        expect(Math.abs(values[k * 3 + n]! - expected)).toBeLessThanOrEqual(2e-7 * Math.abs(expected));
      }
    }
  });

  it('refuses a shorter last group', () => {
    expect(() => packFloat4(stored(40, 1))).toThrow(
      `packFloat4: the last group is shorter, expected inputs in groups of ${groupSize}, received 40`,
    );
  });
});
