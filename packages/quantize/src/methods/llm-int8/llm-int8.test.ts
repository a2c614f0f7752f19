import { createKernels, quantizeSymmetricRef } from '@bitcliff/kernels';
import { describe, expect, it } from 'vitest';
import { readGolden, readMatrix, worst, worstRelative } from '../../../test/read-golden.ts';
import { int8LinearRef, type LinearWeights, quantizeLinear, resolveRecipes } from '../../index.ts';

const X = readMatrix('llm_int8/X'); // [9, 40]
const W = readMatrix('llm_int8/W'); // [40, 16]
const golden = (name: string) => readGolden(`llm_int8/${name}`).values;
const outlierDims = golden('outlier_dims');

async function quantized(scope: 'token' | 'batch'): Promise<LinearWeights & { kind: 'int8' }> {
  const policy = resolveRecipes(['llm-int8'])[0]!.roles['mlp.up']!;
  const kernels = await createKernels({ backend: 'reference' });
  const linear = await quantizeLinear(W, policy, { kernels, name: 'w' });
  if (linear.kind !== 'int8') throw new Error('llm-int8 gives int8');
  return { ...linear, outliers: { threshold: 6, scope } };
}

describe('golden/llm_int8', () => {
  it('scales of the weights, scales and codes of the regular inputs', async () => {
    expect(worstRelative((await quantized('batch')).scale, golden('w_scale_all_rows'))).toBeLessThanOrEqual(
      2 ** -23,
    );
    const regular = Array.from({ length: 40 }, (_, k) => k).filter((k) => !outlierDims.includes(k));
    const data = Float32Array.from(
      { length: 9 * 37 },
      (_, i) => X.data[Math.floor(i / 37) * 40 + regular[i % 37]!]!,
    );
    const q = quantizeSymmetricRef({ data, rows: 9, columns: 37 }, { bits: 8, granularity: 'perRow' });
    expect([...q.codes]).toEqual(golden('Xq_regular'));
    expect(worstRelative(q.scale, golden('x_scale_regular'))).toBeLessThanOrEqual(2 ** -23);
    const some = Float32Array.from(
      { length: 37 * 16 },
      (_, i) => W.data[regular[Math.floor(i / 16)]! * 16 + (i % 16)]!,
    );
    const scale = quantizeSymmetricRef(
      { data: some, rows: 37, columns: 16 },
      { bits: 8, granularity: 'perColumn' },
    ).scale;
    expect(worstRelative(scale, golden('w_scale_regular_rows'))).toBeLessThanOrEqual(2 ** -23);
  });

  it('outputs of bitsandbytes: scope batch', async () => {
    const far = worst(int8LinearRef(X, await quantized('batch')), golden('Y_bitsandbytes'));
    expect(far, `max |diff| ${far}`).toBeLessThan(1e-5);
  });

  it('outputs without decomposition', async () => {
    const far = worst(
      int8LinearRef(X, { ...(await quantized('batch')), outliers: null }),
      golden('Y_plain_w8a8'),
    );
    expect(far, `max |diff| ${far}`).toBeLessThan(1e-5);
  });

  it('outputs of the paper: what differs from bitsandbytes is the outliers’ own weights and the row scales', async () => {
    const linear = await quantized('batch');
    const regular = { ...X, data: X.data.map((x, i) => (outlierDims.includes(i % 40) ? 0 : x)) };
    const withOutliers = (Y: Float64Array): Float64Array => {
      for (let t = 0; t < 9; t++) {
        for (const k of outlierDims) {
          for (let n = 0; n < 16; n++) Y[t * 16 + n]! += X.data[t * 40 + k]! * W.data[k * 16 + n]!;
        }
      }
      return Y;
    };
    const Y = withOutliers(int8LinearRef(regular, { ...linear, outliers: null }));
    // the same with the scales of the weights over the regular rows alone
    const rows = W.data.map((x, i) => (outlierDims.includes(Math.floor(i / 16)) ? 0 : x));
    const { codes, scale } = quantizeSymmetricRef(
      { ...W, data: rows },
      { bits: 8, granularity: 'perColumn' },
    );
    const Y2 = withOutliers(int8LinearRef(regular, { ...linear, codes, scale, outliers: null }));
    expect(worst(Y2, golden('Y_wscale_regular_rows'))).toBeLessThan(1e-5);
    const far = worst(Y, golden('Y'));
    expect(far, `max |diff| ${far}`).toBeLessThan(1e-5);
  });
});

it('scope token does not let one token change another', async () => {
  const linear = await quantized('token');
  const all = int8LinearRef(X, linear);
  for (let t = 0; t < 9; t++) {
    const alone = int8LinearRef(
      { data: X.data.subarray(t * 40, (t + 1) * 40), rows: 1, columns: 40 },
      linear,
    );
    expect([...alone]).toEqual([...all.subarray(t * 16, (t + 1) * 16)]);
  }
  const exact = golden('Y_exact');
  const rmse = (Y: ArrayLike<number>) =>
    Math.sqrt(exact.reduce((sum, y, i) => sum + (y - Y[i]!) ** 2, 0) / exact.length);
  expect(rmse(all)).toBeLessThan(0.5 * rmse(golden('Y_plain_w8a8')));
});
