import { averageBits, type Recipe, resolveRecipes } from '@bitcliff/quantize';
import { createQuantizedBlocks, quantizeModel } from '@bitcliff/runtime';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { plantedCheckpoint, randomSequences } from '../../test/planted-checkpoint.ts';
import { rankCorrelation } from '../arrays/rank-correlation.ts';
import { activationError } from './activation-error.ts';
import { blockImportance } from './block-importance.ts';
import { measureLoss } from './measure-loss.ts';
import { linearShapes, mixedPrecision } from './mixed-precision.ts';
import { noiseControl } from './noise-control.ts';
import { sensitivity } from './sensitivity.ts';

const setup = { ort, threads: 1 };
const sequences = randomSequences(3, 40);
const tokens = 3 * 40;
const recipes = resolveRecipes(['rtn-w3g32', 'rtn-w4g32', 'rtn-w8g32']);
const loss = async (recipe: Recipe) =>
  (await measureLoss(await plantedCheckpoint(null), [{ recipe }], sequences, setup))[1]!;

describe('sensitivity', () => {
  it('of a part is the loss of a recipe that quantizes it alone', async () => {
    const checkpoint = await plantedCheckpoint(null);
    const { records, baseline } = await sensitivity(checkpoint, sequences, {
      ...setup,
      recipes: [recipes[0]!],
    });
    expect(records).toHaveLength(16);
    const { roles } = recipes[0]!;
    const alone: Recipe = {
      ...recipes[0]!,
      roles: { 'attn.qkv': null, 'attn.out': null, 'mlp.up': null, 'mlp.down': null },
      overrides: [{ layers: [2], roles: ['mlp.up'], policy: roles['mlp.up'] }],
    };
    const expected = await loss(alone);
    const found = records.find(({ layer, role }) => layer === 2 && role === 'mlp.up')!;
    const { nll, deltaNll, bits, storedBits } = found;
    expect(found).toMatchObject({ checkpoint: 'planted', step: null, recipe: 'rtn-w3g32', score: null });
    expect(found.sameTop).toBe(expected.sameTop);
    for (const key of ['nll', 'deltaNll', 'kl'] as const)
      expect(found[key], key).toBeCloseTo(expected[key], 6);
    expect(deltaNll).toBeCloseTo(nll - baseline.nll, 12);
    expect([bits, storedBits]).toEqual([3, 256 * 64 * 3 + 256 * 2 * (16 + 3)]);
  });

  it('counts a part by layers and by roles, with the score that evaluate gives', async () => {
    const checkpoint = await plantedCheckpoint(null);
    const evaluate = async ({ variants }: { readonly variants: readonly string[] }) =>
      variants.map((name) => name.length);
    const by = async (unit: 'layer' | 'role') =>
      (
        await sensitivity(checkpoint, sequences, {
          ...setup,
          recipes: [recipes[0]!],
          by: unit,
          evaluate,
          lockstep: 3,
        })
      ).records;
    const layers = await by('layer');
    expect(layers.map(({ layer, role }) => [layer, role])).toEqual(
      [0, 1, 2, 3].map((layer) => [layer, null]),
    );
    const roles = await by('role');
    expect(roles.map(({ role }) => role)).toEqual(['attn.qkv', 'attn.out', 'mlp.up', 'mlp.down']);
    expect(roles.map(({ score }) => score)).toEqual(roles.map(({ role }) => `rtn-w3g32, ${role}`.length));
    const sum = (list: typeof roles): number => list.reduce((total, { proxies }) => total + proxies.gram, 0);
    expect(sum(layers)).toBeCloseTo(sum(roles), 6);
  });

  it('the Gram-weighted proxy is the local error of activations', async () => {
    const checkpoint = await plantedCheckpoint(null);
    const [recipe] = recipes;
    const { records, correlations } = await sensitivity(checkpoint, sequences, {
      ...setup,
      recipes: [recipe!],
    });
    const errors = await activationError(checkpoint, sequences, { ...setup, recipes: [recipe!] });
    const local = errors.filter(({ kind }) => kind === 'local');
    for (const { layer, role, norm, relative, baselineNorm } of local) {
      const { proxies } = records.find((record) => record.layer === layer && record.role === role)!;
      expect((proxies.gram * tokens) / norm ** 2, `layer ${layer}, ${role}`).toBeCloseTo(1, 3);
      expect(relative).toBe(norm / baselineNorm);
      expect(proxies.weight / proxies.gram).toBeGreaterThan(0.3);
      expect(proxies.weight / proxies.gram).toBeLessThan(3);
    }
    const of = (value: (record: (typeof records)[0]) => number) => records.map(value);
    expect(correlations).toEqual([
      {
        recipe: 'rtn-w3g32',
        weightNll: rankCorrelation(
          of(({ proxies }) => proxies.weight),
          of(({ deltaNll }) => deltaNll),
        ),
        gramNll: rankCorrelation(
          of(({ proxies }) => proxies.gram),
          of(({ deltaNll }) => deltaNll),
        ),
        weightKl: rankCorrelation(
          of(({ proxies }) => proxies.weight),
          of(({ kl }) => kl),
        ),
        gramKl: rankCorrelation(
          of(({ proxies }) => proxies.gram),
          of(({ kl }) => kl),
        ),
      },
    ]);
    // the first layer's q, k and v have the same input either way
    const first = errors.filter(({ layer, role }) => layer === 0 && role === 'attn.qkv');
    expect(first[0]!.norm).toBe(first[1]!.norm);
    const last = errors.filter(({ layer, role }) => layer === 3 && role === 'mlp.down');
    expect(last[0]).toMatchObject({ kind: 'propagated' });
    expect(last[0]!.norm).toBeGreaterThan(last[1]!.norm);
  });

  it('runs methods that need calibration', async () => {
    const checkpoint = await plantedCheckpoint(null);
    const awq = resolveRecipes(['awq-w3g32']);
    const { records } = await sensitivity(checkpoint, sequences, { ...setup, recipes: awq, by: 'role' });
    expect(records.every(({ kl, proxies }) => kl > 0 && proxies.gram > 0)).toBe(true);
    const plain = await sensitivity(checkpoint, sequences, { ...setup, recipes: [recipes[0]!], by: 'role' });
    const sum = (list: typeof records): number =>
      list.reduce((total, { proxies }) => total + proxies.gram, 0);
    expect(sum(records)).toBeLessThan(sum(plain.records));
    // blocks that were made before give the same; without reports there is no proxy
    const blocks = createQuantizedBlocks();
    await quantizeModel(checkpoint, awq[0]!, { ...setup, blocks, sequences });
    const options = { ...setup, recipes: awq, by: 'role' as const };
    const given = await sensitivity(checkpoint, sequences, {
      ...options,
      quantized: new Map([['awq-w3g32', blocks]]),
    });
    expect(given.records).toEqual(records);
    const bare = { ...(await blocks.read(0))! };
    await blocks.write(0, {
      ...bare,
      linears: bare.linears.map(({ place, quantized }) => ({
        place,
        quantized: { ...quantized, report: null },
      })),
    });
    await expect(
      sensitivity(checkpoint, sequences, { ...options, quantized: new Map([['awq-w3g32', blocks]]) }),
    ).rejects.toThrow('blocks of recipe "awq-w3g32" without output errors');
  });
});

describe('mixedPrecision', () => {
  it('keeps to the budget, is a recipe of its parts, and beats the uniform one below it', async () => {
    const checkpoint = await plantedCheckpoint({ layer: 1, channel: 2, factor: 50 });
    const { records } = await sensitivity(checkpoint, sequences, { ...setup, recipes });
    const mixed = mixedPrecision(checkpoint, records, { recipes, averageBits: 5.2 });
    expect(mixed.exact).toBe(true);
    expect(mixed.averageBits).toBeLessThanOrEqual(5.2);
    expect(mixed.averageBits).toBe(averageBits(mixed.recipe, linearShapes(checkpoint)));
    const planted = mixed.recipe.overrides!.find(
      ({ layers, roles }) => layers!.includes(1) && roles!.includes('attn.qkv'),
    );
    expect((planted?.policy ?? mixed.recipe.roles['attn.qkv'])!.weights.bits).toBe(8);
    const losses = await measureLoss(
      checkpoint,
      [...recipes, mixed.recipe].map((recipe) => ({ recipe })),
      sequences,
      setup,
    );
    const klOf = (name: string): number => losses.find(({ variant }) => variant === name)!.kl;
    expect(klOf('mixed-5.2')).toBeLessThan(klOf('rtn-w4g32'));
    expect(klOf('mixed-5.2')).toBeGreaterThan(klOf('rtn-w8g32'));
  });

  it('by layers and roles; all bits where the budget has them; refusals', async () => {
    const checkpoint = await plantedCheckpoint(null);
    for (const by of ['layer', 'role'] as const) {
      const { records } = await sensitivity(checkpoint, sequences, { ...setup, recipes, by });
      const rich = mixedPrecision(checkpoint, records, { recipes, averageBits: 16, name: 'rich' });
      expect(rich.recipe).toMatchObject({ name: 'rich', roles: recipes[2]!.roles, overrides: [] });
      const some = mixedPrecision(checkpoint, records, { recipes, averageBits: 5, minimize: 'deltaNll' });
      expect(some.averageBits).toBeLessThanOrEqual(5);
      expect(() => mixedPrecision(checkpoint, records, { recipes, averageBits: 2 })).toThrow(
        'the budget is too small',
      );
      expect(() => mixedPrecision(checkpoint, records.slice(1), { recipes, averageBits: 5 })).toThrow(
        'a part without a record',
      );
    }
  });
});

describe('controls', () => {
  it('without a block the loss is that of the others', async () => {
    const records = await blockImportance(await plantedCheckpoint(null, { step: 3 }), sequences, setup);
    const [whole] = await measureLoss(await plantedCheckpoint(null), [], sequences, setup);
    expect(records.map(({ layer, step }) => [layer, step])).toEqual([0, 1, 2, 3].map((layer) => [layer, 3]));
    for (const { nll, deltaNll } of records) expect(nll - deltaNll).toBeCloseTo(whole!.nll, 12);
    expect(new Set(records.map(({ nll }) => nll)).size).toBe(4);
  });

  it('noise of equal norm beside the quantization error', async () => {
    const checkpoint = await plantedCheckpoint(null);
    const records = await noiseControl(checkpoint, sequences, {
      ...setup,
      recipe: recipes[0]!,
      seeds: [1, 2],
    });
    expect(records.map(({ perturbation, seed }) => [perturbation, seed])).toEqual([
      ['quantization', null],
      ['gaussian', 1],
      ['gaussian', 2],
      ['uniform', 1],
      ['uniform', 2],
    ]);
    const quantized = await loss(recipes[0]!);
    expect(records[0]!.nll).toBeCloseTo(quantized.nll, 6);
    expect(records[0]!.kl).toBeCloseTo(quantized.kl, 6);
    expect(new Set(records.map(({ nll }) => nll)).size).toBe(5);
    for (const { kl } of records) {
      expect(kl).toBeGreaterThan(records[0]!.kl / 5);
      expect(kl).toBeLessThan(records[0]!.kl * 5);
    }
  });
});
