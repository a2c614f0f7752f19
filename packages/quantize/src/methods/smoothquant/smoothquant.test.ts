import { createKernels, scaleMatrixRef } from '@bitcliff/kernels';
import { expect, it } from 'vitest';
import { readGolden, readMatrix, worst, worstRelative } from '../../../test/read-golden.ts';
import { collectInputStatistics, int8LinearRef, quantizeLinears, resolveRecipes } from '../../index.ts';
import { scaleRows } from '../awq/awq.ts';
import { foldScales, smoothQuantScales } from './smoothquant.ts';

const X = readMatrix('smoothquant/X');
const weights = [readMatrix('smoothquant/W1', true), readMatrix('smoothquant/W2', true)];
const golden = (name: string) => readGolden(`smoothquant/${name}`).values;

it.each([0.25, 0.5, 0.75, 0.85])('golden scales, alpha %f', (alpha) => {
  const absMax = Float32Array.from(golden('act_absmax'));
  const far = worstRelative(smoothQuantScales(absMax, weights, alpha), golden(`scales_alpha${alpha}`));
  expect(far, `max relative |diff| ${far}`).toBeLessThan(1e-6);
});

it('golden smoothed inputs, weights and norm', () => {
  const scales = Float32Array.from(golden('scales_alpha0.5'));
  const smoothed = scaleMatrixRef(X, scales, { axis: 'columns', operation: 'divide' });
  expect(worst(smoothed, golden('X_smoothed'))).toBeLessThan(1e-6);
  for (const [i, weight] of weights.entries()) {
    const far = worst(scaleRows(weight, scales), readMatrix(`smoothquant/W${i + 1}_smoothed`, true).data);
    expect(far, `max |diff| ${far}`).toBeLessThan(1e-6);
  }
  for (const part of ['gain', 'bias']) {
    const folded = foldScales(Float32Array.from(golden(`ln_${part}`)), scales);
    expect(worstRelative(folded, golden(`ln_${part}_folded`))).toBeLessThan(1e-6);
  }
});

it.each([
  ['smoothquant-w8a8', 'Y_w8a8_smoothed'],
  ['w8a8', 'Y_w8a8_plain'],
])('golden outputs of %s', async (recipe, expected) => {
  const collector = collectInputStatistics(X.columns);
  collector.add(X);
  const inputs = collector.finish();
  expect([...inputs.absMax]).toEqual(golden('act_absmax'));
  const policy = resolveRecipes([recipe])[0]!.roles['attn.qkv'];
  const kernels = await createKernels({ backend: 'reference' });
  const layers = await quantizeLinears(
    weights.map((weight, i) => ({ name: `w${i}`, weight })),
    policy,
    { kernels, inputs },
  );
  const [y1, y2] = layers.map(({ linear }) =>
    linear.kind === 'int8' ? int8LinearRef(X, linear) : new Float64Array(0),
  );
  const outputs = Array.from({ length: 12 }, (_, t) => [
    ...y1!.subarray(t * 10, (t + 1) * 10),
    ...y2!.subarray(t * 14, (t + 1) * 14),
  ]).flat();
  const far = worst(outputs, golden(expected));
  expect(far, `max |diff| ${far}`).toBeLessThan(1e-5);
});
