import { createRng } from '@bitcliff/core';
import { createKernels, dequantizeSymmetricRef, type Kernels, quantizeSymmetricRef } from '@bitcliff/kernels';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  collectInputStatistics,
  dequantizeStored,
  fakeQuantize,
  quantizeLinear,
  quantizeLinears,
  RECIPES,
  resolveRecipes,
} from './index.ts';

const rng = createRng(3);
/** W [rows, 20], inputs with one that is larger than the others, and what calibration sees of them. */
function layerOf(rows: number) {
  const weight = { data: Float32Array.from({ length: rows * 20 }, () => rng.normal()), rows, columns: 20 };
  const x = Float32Array.from({ length: 300 * rows }, (_, i) => rng.normal() * (i % rows === 5 ? 20 : 1));
  const X = { data: x, rows: 300, columns: rows };
  const collector = collectInputStatistics(rows);
  collector.add(X);
  return { weight, X, inputs: collector.finish() };
}
const small = layerOf(48);
const { weight, inputs } = small;
/** Inputs that are whole blocks of every GGUF format. */
const blocks = layerOf(256);
const policyOf = (name: string) => resolveRecipes([name])[0]!.roles['mlp.up'];
const [w8a8, w4] = [policyOf('w8a8'), policyOf('w4')];

let kernels: Kernels;
beforeAll(async () => {
  kernels = await createKernels({ backend: 'webasm' });
});
afterAll(async () => kernels.dispose());

describe('quantizeLinear', () => {
  it('gives int8 codes and column scales for w8a8', async () => {
    const linear = await quantizeLinear(weight, w8a8, { kernels, name: 'w' });
    const { codes, scale } = quantizeSymmetricRef(weight, { bits: 8, granularity: 'perColumn' });
    const { activations } = w8a8!;
    expect(linear).toEqual({ kind: 'int8', codes, scale, activations, inputScale: null, outliers: null });
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

  it('gives outliers for llm-int8', async () => {
    const linear = await quantizeLinear(weight, policyOf('llm-int8'), { kernels, name: 'w' });
    expect(linear).toMatchObject({ kind: 'int8', outliers: { threshold: 6, scope: 'token' } });
  });
});

describe('quantizeLinears', () => {
  const names = [
    ...RECIPES.keys(),
    'gptq-static-w4g32',
    'hqq-v2-w3g32',
    'awq-llm-compressor-w4g32',
    'awq-w3g128+qkv8',
  ];

  it.each(names)('%s: report and stored weights agree with what runs', async (name) => {
    const policy = policyOf(name)!;
    const { weight, X, inputs } = policy.weights.kind === 'ggml' ? blocks : small;
    const K = weight.rows;
    const layers = [
      { name: 'gate', weight },
      { name: 'up', weight: { ...weight, data: weight.data.map((x) => x * 0.5 + 0.01) } },
    ];
    const quantized = await quantizeLinears(layers, policy, { kernels, inputs });
    for (const [i, { linear, stored, inputScale, report }] of quantized.entries()) {
      const { data } = layers[i]!.weight;
      const effective = dequantizeStored(stored!).map(
        (x, at) => x / (inputScale?.[Math.floor(at / 20)] ?? 1),
      );
      if (linear.kind === 'float') expect(linear.weight).toEqual(effective);
      else expect(linear.scale).toHaveLength(20);
      let [error, outputs] = [0, 0];
      for (let at = 0; at < data.length; at++) error += (data[at]! - effective[at]!) ** 2;
      for (let t = 0; t < 300; t++) {
        for (let n = 0; n < 20; n++) {
          let y = 0;
          for (let k = 0; k < K; k++) y += X.data[t * K + k]! * (data[k * 20 + n]! - effective[k * 20 + n]!);
          outputs += y * y;
        }
      }
      expect(report!.weight.mse).toBeCloseTo(error / data.length, 10);
      expect(report!.output!.mse / (outputs / (300 * 20))).toBeCloseTo(1, 3);
      expect(report!.output!.cosine).toBeGreaterThan(0.8);
      expect(report!.bits).toBeGreaterThanOrEqual(policy.weights.bits);
      expect(report!.name).toBe(layers[i]!.name);
      expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    }
  });

  it.each(['awq-w4g128', 'smoothquant-w8a8'])('%s: layers of one input share its scales', async (name) => {
    const other = { ...weight, data: weight.data.map((x, i) => (i % 3 === 0 ? 9 * x : x)) };
    const layers = [
      { name: 'gate', weight },
      { name: 'up', weight: other },
    ];
    const [gate, up] = await quantizeLinears(layers, policyOf(name), { kernels, inputs });
    expect(gate!.inputScale).not.toBeNull();
    expect(gate!.inputScale).toEqual(up!.inputScale);
  });

  it.each([3, 4])('awq and gptq have less output error than rounding at %i bits', async (bits) => {
    const errors: Record<string, number> = {};
    for (const method of ['rtn', 'awq', 'gptq', 'awq-autoawq', 'gptq-static']) {
      const [layer] = await quantizeLinears([{ name: 'w', weight }], policyOf(`${method}-w${bits}g16`), {
        kernels,
        inputs,
      });
      errors[method] = layer!.report!.output!.mse;
    }
    for (const method of ['awq', 'gptq', 'awq-autoawq', 'gptq-static'])
      expect(errors[method]).toBeLessThan(errors.rtn!);
  });

  it('is the same twice', async () => {
    for (const name of ['awq-w4g32', 'gptq-w3g32', 'hqq-w4g64']) {
      const run = async () =>
        (await quantizeLinears([{ name: 'w', weight }], policyOf(name), { kernels, inputs }))[0]!;
      expect((await run()).stored).toEqual((await run()).stored);
    }
  });

  it('rounds a last group that is shorter', async () => {
    const odd = { data: weight.data.subarray(0, 43 * 20), rows: 43, columns: 20 };
    const [layer] = await quantizeLinears([{ name: 'w', weight: odd }], policyOf('rtn-w4g16'), { kernels });
    expect(layer!.linear).toEqual({
      kind: 'float',
      weight: fakeQuantize(odd, policyOf('rtn-w4g16')!.weights),
    });
    expect(layer!.report!.output).toBeNull();
  });

  it('says what is missing or does not fit', async () => {
    const run = (policy: string, extra: object = {}) =>
      quantizeLinears([{ name: 'a.b', weight }], policyOf(policy), { kernels, ...extra });
    await expect(run('awq-w4g128')).rejects.toThrow(
      'quantizeLinears: awq needs calibration, expected inputs with meanAbs and gram, received none (tensor "a.b")',
    );
    await expect(run('gptq-w4g128', { inputs: { ...inputs, gram: new Float64Array(0) } })).rejects.toThrow(
      'an empty Gram matrix',
    );
    await expect(
      run('smoothquant-w8a8', { inputs: { ...inputs, absMax: new Float32Array(7) } }),
    ).rejects.toThrow('the statistics are of another input, expected 48, received 7');
    const meanAbs = inputs.meanAbs.slice().fill(Number.NaN, 5, 6);
    await expect(run('awq-w4g128', { inputs: { ...inputs, meanAbs } })).rejects.toThrow(
      'calibration inputs are not finite, expected finite numbers, received NaN (tensor "a.b", input 5)',
    );
    const narrow = { data: weight.data.subarray(0, 40), rows: 2, columns: 20 };
    await expect(
      quantizeLinears(
        [
          { name: 'a', weight },
          { name: 'b', weight: narrow },
        ],
        w4,
        { kernels },
      ),
    ).rejects.toThrow('layers with one input differ in its size, expected 48, received 2 (tensor "b")');
  });
});
