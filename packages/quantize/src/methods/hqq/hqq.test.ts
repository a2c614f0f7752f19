import { createRng, roundHalfToEven } from '@bitcliff/core';
import { dequantizeAffineRef, quantizeAffineRef } from '@bitcliff/kernels';
import { describe, expect, it } from 'vitest';
import { HQQ_PRESETS } from '../../recipes/families.ts';
import { affineOptions } from '../../schemes/encode-weight.ts';
import type { IntegerScheme } from '../../weight-scheme.ts';
import { hqq } from './hqq.ts';

const scheme = (bits: number): IntegerScheme => ({
  kind: 'integer',
  bits,
  symmetric: false,
  grid: 'hqq',
  granularity: 'perGroup',
  groupSize: 64,
  rounding: 'halfToEven',
  scaleDtype: 'F32',
});
const rng = createRng(8);
// heavy tails: a few weights far out, as HQQ assumes; large enough that the shrinkage acts
const data = Float32Array.from({ length: 128 * 12 }, () => rng.normal() ** 3);
const weight = { data, rows: 128, columns: 12 };

/** The solver's equations once more, in float64, one group at a time, for a fixed number of iterations. */
function zeroPointsRef(bits: number, iterations: number, kappa: number): number[] {
  const zeros: number[] = [];
  for (let start = 0; start < 128; start += 64) {
    for (let n = 0; n < 12; n++) {
      const w = Array.from({ length: 64 }, (_, k) => data[(start + k) * 12 + n]!);
      const a = Math.min((2 ** bits - 1) / (Math.max(...w) - Math.min(...w)), 2e4);
      let z = -Math.min(...w) * a;
      if (bits === 4) z = roundHalfToEven(z);
      let beta = 10;
      for (let i = 0; i < iterations; i++) {
        let sum = 0;
        for (const x of w) {
          const q = Math.max(0, Math.min(2 ** bits - 1, roundHalfToEven(x * a + z)));
          const d = x - (q - z) / a;
          const e = Math.sign(d) * Math.max(0, Math.abs(d) - Math.abs(d) ** (0.7 - 1) / beta);
          sum += q - (x - e) * a;
        }
        z = sum / 64;
        beta *= kappa;
      }
      zeros.push(z);
    }
  }
  return zeros;
}

describe.each([2, 3, 4, 5, 8])('hqq at %i bits', (bits) => {
  it('follows the equations of the solver', () => {
    const { matrix, history } = hqq(weight, scheme(bits), HQQ_PRESETS.legacy);
    const expected = zeroPointsRef(bits, history.length, 1);
    // a weight within f32 rounding of a tie may fall to the other side: 1/64 of a step in its group's zero point
    const off = matrix.zeroPoint.filter((z, i) => Math.abs(z - expected[i]!) > 1e-3).length;
    expect(off, `${off} of 24 zero points differ`).toBeLessThanOrEqual(1);
  });

  it('ends no worse than it starts with v2, and about there with legacy, which keeps its last step even when that was none', () => {
    const meanError = (w: Float32Array) =>
      w.reduce((sum, x, i) => sum + Math.abs(x - data[i]!), 0) / w.length;
    const start = meanError(dequantizeAffineRef(quantizeAffineRef(weight, affineOptions(scheme(bits)))));
    const legacy = meanError(dequantizeAffineRef(hqq(weight, scheme(bits), HQQ_PRESETS.legacy).matrix));
    const v2 = meanError(dequantizeAffineRef(hqq(weight, scheme(bits), HQQ_PRESETS.v2).matrix));
    expect(legacy).toBeLessThan(start * 1.01);
    expect(v2).toBeLessThanOrEqual(start * 1.0001);
    if (bits < 4) expect(legacy).toBeLessThan(start);
  });
});

it('stops when the error no longer falls, and v2 goes on', () => {
  const legacy = hqq(weight, scheme(3), HQQ_PRESETS.legacy).history;
  for (let i = 1; i < legacy.length - 1; i++) expect(legacy[i]).toBeLessThan(legacy[i - 1]!);
  expect(hqq(weight, scheme(3), HQQ_PRESETS.v2).history).toHaveLength(100);
});

it('gives zeros and constants back', () => {
  const flat = { data: new Float32Array(128).fill(0.25).fill(0, 64), rows: 64, columns: 2 };
  const { matrix } = hqq(flat, scheme(4), HQQ_PRESETS.legacy);
  const back = dequantizeAffineRef(matrix);
  expect(back.every(Number.isFinite)).toBe(true);
});
