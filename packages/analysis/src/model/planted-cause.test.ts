/** @file A cause that was put there is found: one channel of the inputs of attn.qkv in one layer is 50 times as large, the function the same. */
import { resolveRecipes } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type Plant, plantedCheckpoint, randomSequences } from '../../test/planted-checkpoint.ts';
import { activationError } from './activation-error.ts';
import { analyzeActivations } from './analyze-activations.ts';
import { analyzeWeights } from './analyze-weights.ts';
import { measureLoss } from './measure-loss.ts';
import { sensitivity } from './sensitivity.ts';

const sequences = randomSequences(4, 48);
const setup = { ort, threads: 1 };

/** The record with the largest value. */
const top = <T>(records: readonly T[], value: (record: T) => number): T =>
  records.reduce((a, b) => (value(b) > value(a) ? b : a));

describe.each<Plant>([
  { layer: 2, channel: 17, factor: 50 },
  { layer: 0, channel: 3, factor: 50 },
])('channel $channel of layer $layer', (plant) => {
  const place = { layer: plant.layer, role: 'attn.qkv' };

  it('leaves the function unchanged', async () => {
    const [healthy, planted] = [await plantedCheckpoint(null), await plantedCheckpoint(plant)];
    const [[a], [b]] = [
      await measureLoss(healthy, [], sequences, setup),
      await measureLoss(planted, [], sequences, setup),
    ];
    expect(Math.abs(a!.nll - b!.nll)).toBeLessThan(1e-5);
  });

  it('is named by outlier dimensions, INT8 error, channel maxima and gain', async () => {
    const checkpoint = await plantedCheckpoint(plant);
    const { activations, outliers } = await analyzeActivations(checkpoint, sequences, setup);
    for (const record of outliers) {
      expect(
        record.dimensions.map(({ dimension }) => dimension),
        record.rule.kind,
      ).toEqual([plant.channel]);
      const { tokenFractionOfLayer, layerFraction } = record.dimensions[0]!;
      expect(layerFraction).toBe(0.25);
      expect(tokenFractionOfLayer.findIndex((share) => share > 0)).toBe(plant.layer);
    }
    const worst = top(activations, ({ int8Rmse }) => int8Rmse);
    expect(worst).toMatchObject({ ...place, variant: 'baseline', checkpoint: 'planted', step: null });
    const qkv = activations.filter(({ role }) => role === 'attn.qkv');
    const [first, second] = qkv.map(({ int8Rmse }) => int8Rmse).sort((a, b) => b - a);
    expect(first! / second!).toBeGreaterThan(5);
    expect(top(activations, ({ absMax }) => absMax)).toMatchObject(place);
    expect(worst.channelMax.indexOf(worst.absMax)).toBe(plant.channel);
    expect(worst.histogram.counts.reduce((a, b) => a + b, worst.histogram.zero)).toBe(4 * 48 * 64);
    const { gains } = await analyzeWeights(checkpoint);
    expect(top(gains, ({ std }) => std)).toMatchObject({ layer: plant.layer, norm: 'attention' });
  });

  it('is named by the sensitivity to W8A8, of layers, roles and matrices', async () => {
    const [healthy, checkpoint] = [await plantedCheckpoint(null), await plantedCheckpoint(plant)];
    const recipes = resolveRecipes(['w8a8']);
    for (const by of ['role', 'layer', 'matrix'] as const) {
      const { records } = await sensitivity(checkpoint, sequences, { ...setup, recipes, by });
      const worst = top(records, ({ kl }) => kl);
      expect(worst, by).toMatchObject({
        layer: by === 'role' ? null : plant.layer,
        role: by === 'layer' ? null : 'attn.qkv',
      });
      const before = (await sensitivity(healthy, sequences, { ...setup, recipes, by })).records;
      const times = records.map(({ kl }, i) => kl / before[i]!.kl);
      expect(times.indexOf(Math.max(...times)), by).toBe(records.indexOf(worst));
      expect(Math.max(...times), by).toBeGreaterThan(2.5);
    }
  });

  it('is named by the local error of W8A8 and of W4; errors after it are larger when propagated', async () => {
    const checkpoint = await plantedCheckpoint(plant);
    const records = await activationError(checkpoint, sequences, {
      ...setup,
      recipes: resolveRecipes(['w8a8']),
    });
    const local = records.filter(({ kind }) => kind === 'local');
    expect(local).toHaveLength(16);
    expect(top(local, ({ relative }) => relative!)).toMatchObject({ ...place, variant: 'w8a8' });
    const weights = await analyzeWeights(checkpoint, { recipes: resolveRecipes(['w4']) });
    expect(weights.weights).toHaveLength(32);
  });
});
