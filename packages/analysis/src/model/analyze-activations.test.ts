import { resolveRecipes } from '@bitcliff/quantize';
import { createEngine } from '@bitcliff/runtime';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { plantedCheckpoint, randomSequences } from '../../test/planted-checkpoint.ts';
import { tokenStatistics } from '../arrays/token-statistics.ts';
import { analyzeActivations } from './analyze-activations.ts';
import { findOutlierDimensions, findOutlierThreshold } from './outlier-analysis.ts';

const setup = { ort, threads: 1 };
const sequences = [...randomSequences(2, 40), ...randomSequences(1, 17, 8)];

describe('analyzeActivations', () => {
  it('agrees with the same statistics of the values themselves', async () => {
    const checkpoint = await plantedCheckpoint({ layer: 1, channel: 5, factor: 50 });
    const recipes = resolveRecipes(['w4']);
    const { activations } = await analyzeActivations(checkpoint, sequences, {
      ...setup,
      recipes,
      thresholds: [0.5, 0.7, 2],
    });
    expect(activations).toHaveLength(4 * 4 * 2);
    const values = new Map<string, number[]>();
    const engine = await createEngine(checkpoint, { ...setup, recipes });
    await engine.trace(sequences, {
      onValues({ variant, layer, point, data, tokens, features }) {
        const key = `${variant} ${layer} ${point}`;
        values.set(key, [...(values.get(key) ?? []), ...data.subarray(0, tokens * features)]);
      },
    });
    await engine.dispose();
    for (const record of activations) {
      const { variant, layer, role, side, features } = record;
      const what = `${variant}, layer ${layer}, ${role}`;
      const x = values.get(`${variant} ${layer} ${role}.${side}`)!;
      const { meanStd, int8Rmse, absMax } = tokenStatistics(x, features);
      expect(record.tokens).toBe(97);
      expect(record.absMax, what).toBe(absMax);
      expect(record.meanTokenStd / meanStd, what).toBeCloseTo(1, 5);
      expect(record.int8Rmse / int8Rmse, what).toBeCloseTo(1, 3);
      expect(record.meanAbs / (x.reduce((sum, a) => sum + Math.abs(a), 0) / x.length), what).toBeCloseTo(
        1,
        5,
      );
      expect(record.meanSquare / (x.reduce((sum, a) => sum + a * a, 0) / x.length), what).toBeCloseTo(1, 6);
      for (const { threshold, count } of record.above) {
        expect(count, what).toBe(x.filter((a) => Math.abs(a) > threshold).length);
        const { edges, counts } = record.histogram;
        if (threshold === 0.7) continue; // no edge
        expect(
          counts.reduce((sum, n, i) => sum + (edges[i]! >= threshold ? n : 0), 0),
          what,
        ).toBe(count);
      }
      expect(record.channelMax[3], what).toBe(
        x.reduce((max, a, i) => (i % features === 3 ? Math.max(max, Math.abs(a)) : max), 0),
      );
    }
  });

  it('finds massive activations, with their sequence and token', async () => {
    const checkpoint = await plantedCheckpoint({ layer: 1, channel: 5, factor: 2000 });
    const { activations } = await analyzeActivations(checkpoint, sequences, setup);
    const found = activations.filter(({ massive }) => massive.length > 0);
    expect(found.map(({ layer, role }) => [layer, role])).toEqual([[1, 'attn.qkv']]);
    const { massive, absMax } = found[0]!;
    expect(Math.abs(massive[0]!.value)).toBe(absMax);
    expect(
      massive.every(({ feature, sequence, token }) => feature === 5 && token < sequences[sequence]!.length),
    ).toBe(true);
  });

  it('leaves outlier dimensions out where their input is not looked at', async () => {
    const checkpoint = await plantedCheckpoint(null);
    const { outliers, activations } = await analyzeActivations(checkpoint, sequences, {
      ...setup,
      points: ['mlp.down.output'],
    });
    expect(outliers).toEqual([]);
    expect(activations.map(({ role, side }) => `${role} ${side}`)).toEqual(
      new Array(4).fill('mlp.down output'),
    );
  });
});

describe('outlier dimensions of a checkpoint', () => {
  it('alone are those of the whole analysis', async () => {
    const checkpoint = await plantedCheckpoint({ layer: 3, channel: 9, factor: 40 }, { step: 7 });
    const { outliers } = await analyzeActivations(checkpoint, sequences, setup);
    expect(await findOutlierDimensions(checkpoint, sequences, setup)).toEqual(outliers);
    expect(outliers[0]).toMatchObject({
      step: 7,
      rule: { kind: 'threshold', threshold: 6 },
      reading: 'pooled',
      samples: 3,
    });
  });

  it('the lowest threshold with exactly one', async () => {
    const checkpoint = await plantedCheckpoint({ layer: 3, channel: 9, factor: 40 });
    const { threshold, counts, thresholds } = await findOutlierThreshold(checkpoint, sequences, setup);
    const at = thresholds.indexOf(threshold!);
    expect(counts[at]).toBe(1);
    expect(counts.slice(0, at)).not.toContain(1);
    const options = { ...setup, threshold: threshold! };
    const [record] = await findOutlierDimensions(checkpoint, sequences, options);
    expect(record!.dimensions.map(({ dimension }) => dimension)).toEqual([9]);
  });
});
