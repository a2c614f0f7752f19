import { init, numpy as np, tree } from '@jax-js/jax';
import { beforeAll, expect, test } from 'vitest';
import { initParams, lossAndGradients } from './decoder.ts';
import { createMeanLoss } from './mean-loss.ts';
import type { ModelConfig } from './model-config.ts';
import { packWindows, toBatch } from './windows.ts';

beforeAll(async () => void (await init('wasm')));

test('a mean over batches, the last one not full, is the mean over all targets', async () => {
  const model: ModelConfig = {
    architecture: 'gpt2',
    vocabularySize: 9,
    hiddenSize: 8,
    layers: 1,
    heads: 2,
    intermediateSize: 8,
    sequenceLength: 6,
    normEpsilon: 1e-5,
  };
  const documents = [5, 7, 3, 6, 7, 4].map((length) => Array.from({ length }, (_, i) => (i * length) % 9));
  const windows = packWindows(documents, 6);
  const params = initParams(model, 0.3, 4);
  const pass = { precision: 'f32', normPrecision: 'f32' } as const;
  const all = toBatch(windows, [...Array(windows.count).keys()]);
  const { loss } = lossAndGradients(tree.ref(params), all, np.ones([]), undefined, model, {
    ...pass,
    dropout: 0,
  });
  const meanLoss = createMeanLoss(model, pass, windows, 2);
  expect(windows.count % 2).toBe(1);
  const expected = loss.item();
  expect(await meanLoss.measure(tree.ref(params))).toBeCloseTo(expected, 6);
  expect(await meanLoss.measure(params)).toBeCloseTo(expected, 6);
  meanLoss.dispose();
});
