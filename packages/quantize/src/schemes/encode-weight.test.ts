import { createRng } from '@bitcliff/core';
import { E2M1_MAX, roundToF8E4M3 } from '@bitcliff/formats';
import { describe, expect, it } from 'vitest';
import type { WeightScheme } from '../weight-scheme.ts';
import { encodeWeight, fakeQuantize } from './encode-weight.ts';
import { dequantizeStored, type Float4Weight } from './stored-weight.ts';

const rng = createRng(6);
const weight = {
  data: Float32Array.from({ length: 96 * 5 }, () => rng.normal() * 0.02),
  rows: 96,
  columns: 5,
};
const column = (data: ArrayLike<number>, n: number) => Array.from({ length: 96 }, (_, k) => data[k * 5 + n]!);
const E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6];

describe('float8', () => {
  it('maps the largest weight to the largest float and rounds the rest to nearest', () => {
    const scheme = {
      kind: 'float8',
      bits: 8,
      format: 'E4M3',
      granularity: 'perColumn',
      scaleDtype: 'F32',
    } as const;
    const back = fakeQuantize(weight, scheme);
    for (let n = 0; n < 5; n++) {
      const w = column(weight.data, n);
      const s = Math.fround(Math.max(...w.map(Math.abs)) / 448);
      const expected = w.map((x) => Math.fround(roundToF8E4M3(Math.fround(x / s)) * s));
      expect(column(back, n)).toEqual(expected);
    }
  });

  it('E5M2 per tensor stays within an eighth of each weight', () => {
    const scheme = {
      kind: 'float8',
      bits: 8,
      format: 'E5M2',
      granularity: 'perTensor',
      scaleDtype: 'F32',
    } as const;
    const back = fakeQuantize(weight, scheme);
    for (const [i, x] of weight.data.entries())
      expect(Math.abs(back[i]! - x)).toBeLessThanOrEqual(Math.abs(x) / 8 + 1e-9);
  });
});

describe.each(['floor', 'ceil'] as const)('mxfp4, scale rule %s', (scaleRule) => {
  it('has a power of two for 32 inputs and the nearest elements', () => {
    const stored = encodeWeight(weight, { kind: 'mxfp4', bits: 4, groupSize: 32, scaleRule }) as Float4Weight;
    const back = dequantizeStored(stored);
    for (let n = 0; n < 5; n++) {
      for (let start = 0; start < 96; start += 32) {
        const w = column(weight.data, n).slice(start, start + 32);
        const top = Math.max(...w.map(Math.abs));
        const exponent =
          scaleRule === 'floor' ? Math.floor(Math.log2(top)) - 2 : Math.ceil(Math.log2(top / 6));
        expect(stored.scaleCodes[(start / 32) * 5 + n]).toBe(exponent + 127);
        const s = 2 ** exponent;
        const got = column(back, n).slice(start, start + 32);
        for (const [k, x] of w.entries()) {
          const nearest = Math.min(...E2M1.map((m) => Math.abs(Math.abs(x) - m * s)));
          expect(Math.abs(got[k]! - x)).toBeCloseTo(nearest, 9);
        }
      }
    }
  });
});

it('nvfp4: an E4M3 scale for 16 inputs under one scale for the tensor', () => {
  const stored = encodeWeight(weight, { kind: 'nvfp4', bits: 4, groupSize: 16 }) as Float4Weight;
  const top = weight.data.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  const inverse = Math.fround((6 * 448) / top);
  expect(stored.tensorScale).toBe(Math.fround(1 / inverse));
  expect(Math.abs(stored.tensorScale * ((6 * 448) / top) - 1)).toBeLessThan(2e-7);
  const back = dequantizeStored(stored);
  for (let n = 0; n < 5; n++) {
    for (let start = 0; start < 96; start += 16) {
      const w = column(weight.data, n).slice(start, start + 16);
      const wanted = Math.max(...w.map(Math.abs)) / (E2M1_MAX * stored.tensorScale);
      const s = roundToF8E4M3(wanted) * stored.tensorScale;
      for (const [k, x] of w.entries()) {
        const nearest = Math.min(...E2M1.map((m) => Math.abs(Math.abs(x) - m * s)));
        expect(Math.abs(back[(start + k) * 5 + n]! - x)).toBeCloseTo(nearest, 8);
      }
    }
  }
});

it('ggml: the blocks of a GGUF tensor [out, in]', () => {
  const stored = encodeWeight(weight, { kind: 'ggml', bits: 8, type: 'Q8_0' });
  expect(stored.kind === 'ggml' ? stored.blocks.length : 0).toBe((96 / 32) * 5 * 34);
  const back = dequantizeStored(stored);
  for (const [i, x] of weight.data.entries()) expect(Math.abs(back[i]! - x)).toBeLessThan(0.1 / 127);
  expect(() =>
    encodeWeight(
      { data: new Float32Array(40), rows: 40, columns: 1 },
      { kind: 'ggml', bits: 4, type: 'Q4_0' },
    ),
  ).toThrow('a row is not a whole number of Q4_0 blocks');
});

const SCHEMES: WeightScheme[] = [
  { kind: 'float8', bits: 8, format: 'E4M3', granularity: 'perColumn', scaleDtype: 'F32' },
  { kind: 'mxfp4', bits: 4, groupSize: 32, scaleRule: 'floor' },
  { kind: 'nvfp4', bits: 4, groupSize: 16 },
  { kind: 'ggml', bits: 4, type: 'Q4_0' },
];
it.each(SCHEMES)('$kind keeps zeros', (scheme) => {
  const zeros = { data: new Float32Array(64), rows: 32, columns: 2 };
  expect([...fakeQuantize(zeros, scheme)].map(Math.abs)).toEqual(new Array(64).fill(0));
});
