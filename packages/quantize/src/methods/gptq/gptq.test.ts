import { createRng } from '@bitcliff/core';
import { dequantizeAffineRef, type Matrix } from '@bitcliff/kernels';
import { describe, expect, it } from 'vitest';
import {
  readGolden,
  readMatrix,
  readMeta,
  transpose,
  worst,
  worstRelative,
} from '../../../test/read-golden.ts';
import { fakeQuantize } from '../../schemes/encode-weight.ts';
import { collectInputStatistics } from '../../statistics/input-statistics.ts';
import type { IntegerScheme } from '../../weight-scheme.ts';
import { gptq } from './gptq.ts';
import { gptqRef } from './gptq-ref.ts';
import { inverseFactor } from './inverse-factor.ts';

const meta = readMeta('gptq');
const scheme = (bits: number, groupSize: number | null, symmetric = false): IntegerScheme => ({
  kind: 'integer',
  bits,
  symmetric,
  grid: 'gptq',
  granularity: groupSize === null ? 'perColumn' : 'perGroup',
  groupSize,
  rounding: 'halfToEven',
  scaleDtype: 'F32',
});

describe('golden/gptq', () => {
  const W = readMatrix('gptq/W', true); // [64, 16]
  const gram = Float64Array.from(readGolden('gptq/H').values);
  const cases = Object.keys(meta.cases).filter((name) => !name.startsWith('_'));

  it.each(cases)('%s', (name) => {
    const { args, loss, hessian_error } = meta.cases[name];
    const groupSize = args.groupsize === -1 ? null : args.groupsize;
    const method = {
      dampPercent: args.percdamp,
      blockSize: args.blocksize,
      actOrder: args.actorder,
      staticGroups: args.static_groups,
    };
    // H of the golden data is already 2 / n times the sum
    const result = gptq(W, { gram, tokens: 2 }, scheme(args.bits, groupSize, args.sym), method);
    const { matrix } = result;
    expect([...matrix.codes]).toEqual(transpose(readGolden(`gptq/${name}_codes`).values, 16, 64));
    const groups = groupSize === null ? 1 : 64 / groupSize;
    const scale = transpose(readGolden(`gptq/${name}_scale`).values, 16, groups);
    expect(worstRelative(matrix.scale, scale)).toBeLessThanOrEqual(2 ** -22); // ranges, their difference and the quotient in f32
    expect([...matrix.zeroPoint]).toEqual(transpose(readGolden(`gptq/${name}_zero`).values, 16, groups));
    if (groupSize !== null) {
      const index = readGolden(`gptq/${name}_gidx`).values;
      expect(Array.from(index, (_, k) => matrix.groupIndex?.[k] ?? Math.floor(k / groupSize))).toEqual(index);
    }
    expect(Math.abs(result.loss / loss - 1), `loss ${result.loss}, golden ${loss}`).toBeLessThan(1e-5);
    const error = hessianError(W, dequantizeAffineRef(matrix), gram);
    expect(Math.abs(error / hessian_error - 1), `error ${error}, golden ${hessian_error}`).toBeLessThan(1e-5);
    expect(result.deadInputs).toBe(1);
    expect(result.dampPercent).toBe(0.01);
  });

  it.each(['per_channel', 'group32_actorder'])('%s: dequantized weights', (name) => {
    const { args } = meta.cases[name];
    const groupSize = args.groupsize === -1 ? null : args.groupsize;
    const method = { dampPercent: 0.01, blockSize: 128, actOrder: args.actorder, staticGroups: false };
    const { matrix } = gptq(W, { gram, tokens: 2 }, scheme(4, groupSize), method);
    const far = worst(dequantizeAffineRef(matrix), readMatrix(`gptq/${name}_Q`, true).data);
    expect(far, `max |diff| ${far}`).toBeLessThan(1e-6);
  });

  it.each(['per_channel', 'per_channel_actorder'])('has the golden factor of the inverse: %s', (name) => {
    const order = name === 'per_channel' ? [...Array(64).keys()] : readGolden('gptq/actorder_perm').values;
    const damped = gram.map((_, i) => gram[order[Math.floor(i / 64)]! * 64 + order[i % 64]!]!);
    for (let k = 0; k < 64; k++) damped[k * 65] ||= 1; // dead
    const mean = Array.from({ length: 64 }, (_, k) => damped[k * 65]!).reduce((a, b) => a + b) / 64;
    for (let k = 0; k < 64; k++) damped[k * 65]! += 0.01 * mean;
    const U = inverseFactor(damped, 64)!;
    const diagonal = Array.from({ length: 64 }, (_, k) => U[k * 65]!);
    const far = worstRelative(diagonal, readGolden(`gptq/${name}_hinv_diag`).values);
    expect(far, `max relative |diff| ${far}`).toBeLessThan(1e-6);
  });

  it('has the golden Hessian of its inputs, and the golden error of rounding', () => {
    const X = readMatrix('gptq/X');
    const collector = collectInputStatistics(64);
    collector.add(X);
    // four batches of equal size: H = (2 / 4) Xᵀ X
    const far = worst(
      collector.finish().gram.map((g) => g / 2),
      gram,
    );
    expect(far, `max |diff| ${far}`).toBeLessThan(1e-5 * Math.max(...gram));
    const rounded = hessianError(W, fakeQuantize(W, scheme(4, null)), gram);
    expect(Math.abs(rounded / meta.cases._rtn_per_channel_4bit_hessian_error - 1)).toBeLessThan(1e-5);
  });
});

describe('inverseFactor', () => {
  it.each([1, 63, 64, 65, 200, 700])('Uᵀ U is the inverse, n = %i', (n) => {
    const rng = createRng(n);
    const a = Float64Array.from({ length: n * n }, () => rng.normal());
    const h = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = i === j ? 0.1 * n : 0;
        for (let k = 0; k < n; k++) sum += a[i * n + k]! * a[j * n + k]!;
        h[i * n + j] = h[j * n + i] = sum;
      }
    }
    const U = inverseFactor(h, n)!;
    const x = Float64Array.from({ length: n }, () => rng.normal());
    const hx = times(h, x, n, false);
    const back = times(U, times(U, hx, n, false), n, true);
    const far = worst(back, x);
    expect(far, `max |Uᵀ U H x − x| ${far}`).toBeLessThan(1e-8);
    for (let i = 1; i < n; i++) expect(U[i * n]).toBe(0);
  });

  it('finds that a matrix is not positive definite', () => {
    expect(inverseFactor(Float64Array.of(1, 2, 2, 1), 2)).toBeNull();
    expect(inverseFactor(Float64Array.of(Number.NaN), 1)).toBeNull();
  });
});

describe('gptq', () => {
  const rng = createRng(9);
  const correlated = (tokens: number, width: number): Matrix => {
    const data = new Float32Array(tokens * width);
    for (let t = 0; t < tokens; t++) {
      const shared = rng.normal();
      for (let j = 0; j < width; j++) data[t * width + j] = (shared + rng.normal()) * (j % 7 === 0 ? 5 : 1);
    }
    return { data, rows: tokens, columns: width };
  };

  it.each([
    [300, 40, 128, false],
    [200, 17, 64, true],
  ])('beats rounding on %i inputs, %i outputs, groups of %i', (K, N, groupSize, actOrder) => {
    const collector = collectInputStatistics(K);
    collector.add(correlated(700, K));
    const inputs = collector.finish();
    const weight = { data: Float32Array.from({ length: K * N }, () => rng.normal()), rows: K, columns: N };
    for (const bits of [3, 4]) {
      const method = { dampPercent: 0.01, blockSize: 128, actOrder, staticGroups: actOrder };
      const { matrix } = gptq(weight, inputs, scheme(bits, groupSize), method);
      const error = hessianError(weight, dequantizeAffineRef(matrix), inputs.gram);
      const rounded = hessianError(weight, fakeQuantize(weight, scheme(bits, groupSize)), inputs.gram);
      expect(error).toBeLessThan(0.5 * rounded);
    }
  });

  it.each([
    [300, 128, 100, false, false],
    [300, 128, 100, true, false],
    [300, 128, 64, true, true],
    [290, 128, null, false, false],
    [150, 32, 48, false, false],
  ])(
    'equals the plain loops: %i inputs, blocks of %i, groups of %s, act-order %s, static %s',
    (K, blockSize, groupSize, actOrder, staticGroups) => {
      const N = 11;
      const collector = collectInputStatistics(K);
      collector.add(correlated(600, K));
      const inputs = collector.finish();
      const weight = { data: Float32Array.from({ length: K * N }, () => rng.normal()), rows: K, columns: N };
      const method = { dampPercent: 0.01, blockSize, actOrder, staticGroups };
      const { matrix } = gptq(weight, inputs, scheme(4, groupSize), method);
      const H = Float64Array.from(inputs.gram, (g) => (2 * g) / 600);
      const mean = Array.from({ length: K }, (_, k) => H[k * K + k]!).reduce((a, b) => a + b) / K;
      for (let k = 0; k < K; k++) H[k * K + k]! += 0.01 * mean;
      const plain = gptqRef(weight, H, scheme(4, groupSize), method);
      // a weight within rounding noise of a tie takes the rest of its output with it
      const outputs = new Set<number>();
      for (const [i, code] of plain.codes.entries()) if (code !== matrix.codes[i]) outputs.add(i % N);
      expect(outputs.size, `${outputs.size} of ${N} outputs differ`).toBeLessThanOrEqual(1);
      if (outputs.size === 0) expect(worstRelative(matrix.scale, plain.scale)).toBeLessThan(1e-6);
    },
  );

  it('raises the damping when the factorization fails, and says so', () => {
    // rank one with a rounding error below zero on the diagonal's complement
    const gram = Float64Array.of(1, 1.015, 1.015, 1);
    const weight = { data: Float32Array.of(1, 2, 3, 4), rows: 2, columns: 2 };
    const method = { dampPercent: 0.01, blockSize: 128, actOrder: false, staticGroups: false };
    expect(gptq(weight, { gram, tokens: 2 }, scheme(4, null), method).dampPercent).toBe(0.02);
    expect(() => gptq(weight, { gram: gram.fill(Number.NaN), tokens: 2 }, scheme(4, null), method)).toThrow(
      'gptq: the Hessian of the inputs is not positive definite',
    );
  });

  it('rounds only, when no input was ever above zero', () => {
    const weight = { data: Float32Array.of(1, -2, 3, 4), rows: 2, columns: 2 };
    const method = { dampPercent: 0.01, blockSize: 128, actOrder: false, staticGroups: false };
    const result = gptq(weight, { gram: new Float64Array(4), tokens: 5 }, scheme(4, null), method);
    expect(result.deadInputs).toBe(2);
    expect([...dequantizeAffineRef(result.matrix)]).toEqual([0, 0, 0, 0]);
  });
});

function times(m: Float64Array, x: Float64Array, n: number, transposed: boolean): Float64Array {
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) y[i]! += m[transposed ? j * n + i : i * n + j]! * x[j]!;
  return y;
}

/** Σ over outputs of (w − q)ᵀ H (w − q), in float64. */
function hessianError(weight: Matrix, q: Float32Array, H: Float64Array | Float32Array): number {
  const { data, rows: K, columns: N } = weight;
  let sum = 0;
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < K; i++) {
      const d = data[i * N + n]! - q[i * N + n]!;
      for (let j = 0; j < K; j++) sum += d * H[i * K + j]! * (data[j * N + n]! - q[j * N + n]!);
    }
  }
  return sum;
}
