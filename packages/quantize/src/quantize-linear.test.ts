import { createRng } from '@bitcliff/core';
import { createKernels, dequantizeSymmetricRef, type Kernels, quantizeSymmetricRef } from '@bitcliff/kernels';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quantizeLinear, RECIPES } from './index.ts';

const rng = createRng(3);
const weight = { data: Float32Array.from({ length: 48 * 20 }, () => rng.normal()), rows: 48, columns: 20 };
const w8a8 = RECIPES.get('w8a8')!.roles['mlp.up'];
const w4 = RECIPES.get('w4')!.roles['mlp.up'];

let kernels: Kernels;
beforeAll(async () => {
  kernels = await createKernels({ backend: 'webasm' });
});
afterAll(async () => kernels.dispose());

describe('quantizeLinear', () => {
  it('gives int8 codes and column scales for w8a8', async () => {
    const linear = await quantizeLinear(weight, w8a8, { kernels, name: 'w' });
    const ref = quantizeSymmetricRef(weight, { bits: 8, granularity: 'perColumn' });
    expect(linear).toEqual({ kind: 'int8', codes: ref.codes, scale: ref.scale });
  });

  it('gives dequantized weights on 15 levels for w4', async () => {
    const linear = await quantizeLinear(weight, w4, { kernels, name: 'w' });
    const ref = dequantizeSymmetricRef(quantizeSymmetricRef(weight, { bits: 4, granularity: 'perColumn' }));
    expect(linear).toEqual({ kind: 'float', weight: ref });
    const firstColumn = new Set(Array.from({ length: 48 }, (_, r) => ref[r * 20]));
    expect(firstColumn.size).toBeLessThanOrEqual(15);
  });

  it('leaves weights alone without a policy', async () => {
    expect(await quantizeLinear(weight, null, { kernels, name: 'w' })).toEqual({
      kind: 'float',
      weight: weight.data,
    });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('names the tensor and place of %f', async (bad) => {
    const data = weight.data.slice();
    data[5 * 20 + 7] = bad;
    await expect(
      quantizeLinear({ ...weight, data }, w4, { kernels, name: 'model.layers.0.w' }),
    ).rejects.toThrow(
      `quantizeLinear: a weight is not finite, expected finite numbers, received ${bad} (tensor "model.layers.0.w", input 5, output 7)`,
    );
  });
});
