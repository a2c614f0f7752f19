import { resolveRecipes, tokenWindows } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { plantedCheckpoint, randomSequences } from '../../test/planted-checkpoint.ts';
import { calibrationEffect } from './calibration-effect.ts';
import { equalBitsRecipes, equalBitsRoles } from './equal-bits-roles.ts';
import { fitQidCurves, nonEmbeddingParameters, qidCurves } from './qid-curves.ts';

const setup = { ort, threads: 1 };
const sequences = randomSequences(2, 40);

describe('calibrationEffect', () => {
  it('compares losses and chosen numbers over sets and seeds', async () => {
    const text = randomSequences(1, 2000, 3)[0]!;
    const draw = (seed: number) => tokenWindows(text, { count: 4, length: 40, seed });
    const sets = [
      { name: 'text', seed: 0, sequences: draw(0) },
      { name: 'text', seed: 1, sequences: draw(1) },
      { name: 'again', seed: 0, sequences: draw(0) },
    ];
    const checkpoint = await plantedCheckpoint(null);
    for (const name of ['awq-w3g32', 'gptq-w3g32']) {
      const [recipe] = resolveRecipes([name]);
      const { baseline, records, spread, withinSets, overlap } = await calibrationEffect(
        checkpoint,
        sequences,
        {
          ...setup,
          recipe: recipe!,
          sets,
        },
      );
      expect(records.map(({ set, seed, recipe: own }) => [set, seed, own])).toEqual(
        sets.map(({ name: set, seed }) => [set, seed, name]),
      );
      expect(baseline).toMatchObject({ variant: 'baseline', deltaNll: 0, score: null });
      expect(baseline.nll).not.toBe(records[0]!.nll);
      expect(records[2]!.perplexity).toBe(records[0]!.perplexity);
      expect(records[1]!.perplexity).not.toBe(records[0]!.perplexity);
      expect(spread.perplexity.max).toBe(Math.max(...records.map(({ perplexity }) => perplexity)));
      expect(spread.score).toBeNull();
      expect(withinSets.map(({ set, perplexity }) => [set, perplexity.std > 0])).toEqual([
        ['text', true],
        ['again', false],
      ]);
      expect(overlap.map(({ pair }) => pair)).toEqual([
        [0, 1],
        [0, 2],
        [1, 2],
      ]);
      expect(overlap[1]!.codes).toBe(1);
      expect(overlap[0]!.codes).toBeLessThan(1);
      expect(overlap[0]!.codes).toBeGreaterThan(0.5);
      if (name.startsWith('awq')) {
        expect(overlap[1]!.scales).toBeCloseTo(1, 12);
        expect(overlap[0]!.scales).toBeLessThan(1);
        expect(overlap[0]!.scales).toBeGreaterThan(0);
      } else expect(overlap[0]!.scales).toBeNull();
    }
  });
});

describe('calibrationEffect refuses', () => {
  it.each([
    ['rtn-w4g32', 'recipe "rtn-w4g32" needs no calibration'],
    ['awq-w4g32', 'no calibration set, expected at least one'],
  ])('%s', async (name, message) => {
    const [recipe] = resolveRecipes([name]);
    const sets = name.startsWith('rtn') ? [{ name: 'text', seed: 0, sequences }] : [];
    const done = calibrationEffect(await plantedCheckpoint(null), sequences, {
      ...setup,
      recipe: recipe!,
      sets,
    });
    await expect(done).rejects.toThrow(message);
  });
});

describe('qidCurves', () => {
  it('follows a run, and fits the laws to it', async () => {
    const recipes = resolveRecipes(['rtn-w3g32', 'rtn-w4g32', 'awq-w3g32']);
    const checkpoints = await Promise.all(
      [1, 2, 3].map((step) =>
        plantedCheckpoint(
          { layer: 1, channel: 4, factor: 4 ** step },
          { step, tokens: 10 ** step * 1e6, learningRate: 1e-3 / step },
        ),
      ),
    );
    const records = await qidCurves(checkpoints, sequences, { ...setup, recipes });
    expect(records).toHaveLength(12);
    const curve = records.filter(({ variant }) => variant === 'rtn-w3g32');
    expect(curve.map(({ step, tokens, learningRate, bits }) => [step, tokens, learningRate, bits])).toEqual([
      [1, 1e7, 1e-3, 3],
      [2, 1e8, 5e-4, 3],
      [3, 1e9, 1e-3 / 3, 3],
    ]);
    expect(curve[0]!.averageBits).toBeCloseTo(3 + 19 / 32, 12);
    for (const { nll, deltaNll, relativeNll } of records)
      expect(relativeNll).toBeCloseTo(nll / (nll - deltaNll) - 1, 12);
    const losses = records
      .filter(({ bits }) => bits !== null)
      .map((record, i) => ({ ...record, deltaNll: 0.1 * (i + 1) }));
    const { points, fits } = fitQidCurves(losses);
    expect(points).toHaveLength(9);
    expect(points[1]).toMatchObject({ variant: 'rtn-w4g32', step: 1, bits: 4, deltaLoss: 0.2 });
    expect(fits.map(({ law, parameters, residuals }) => [law, parameters, residuals.length])).toEqual([
      ['ouyang', null, 9],
      ['kumar', null, 9],
    ]);
    expect(fits[0]!.tokens).toBeGreaterThan(0);
    expect(fits[0]!.residualLearningRate).not.toBeNull();
  });

  it('counts parameters without embeddings and head', async () => {
    // per layer: q, k, v, out, gate, up, down, two norms; then the final norm
    const layer = 64 * (64 + 32 + 32) + 64 * 64 + 3 * 64 * 128 + 2 * 64;
    expect(nonEmbeddingParameters(await plantedCheckpoint(null))).toBe(4 * layer + 64);
  });
});

describe('equalBitsRoles', () => {
  it('spends the same bits on each role', async () => {
    const checkpoint = await plantedCheckpoint({ layer: 1, channel: 2, factor: 50 });
    const [recipe] = resolveRecipes(['rtn-w3g32']);
    const kept = equalBitsRecipes(checkpoint, recipe!);
    expect(kept.map(({ role, layers }) => [role, layers])).toEqual([
      ['attn.qkv', [1, 3]],
      ['attn.out', [0, 1, 2, 3]],
      ['mlp.up', [2]],
      ['mlp.down', [1, 3]],
    ]);
    for (const { averageBits } of kept) expect(averageBits).toBeCloseTo(kept[0]!.averageBits, 10);
    const records = await equalBitsRoles(checkpoint, sequences, { ...setup, recipe: recipe! });
    expect(records.map(({ role }) => role)).toEqual([null, 'attn.qkv', 'attn.out', 'mlp.up', 'mlp.down']);
    const [plain, ...roles] = records;
    expect(plain!.averageBits).toBeCloseTo(3 + 19 / 32, 12);
    expect(Math.min(...roles.map(({ kl }) => kl))).toBeLessThan(plain!.kl);
    expect(new Set(records.map(({ recipe: name }) => name)).size).toBe(5);
    expect(() => equalBitsRecipes(checkpoint, { ...recipe!, overrides: [] })).toThrow(
      'a recipe with overrides',
    );
  });
});
