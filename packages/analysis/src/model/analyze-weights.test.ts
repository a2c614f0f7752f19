import { resolveRecipes } from '@bitcliff/quantize';
import { readBlock } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import { describe, expect, it } from 'vitest';
import { plantedCheckpoint } from '../../test/planted-checkpoint.ts';
import { singularValues } from '../../test/singular-values.ts';
import { describeValues } from '../arrays/describe-values.ts';
import { analyzeWeights } from './analyze-weights.ts';

const shared = process.env.BITCLIFF_SHARED;

describe('analyzeWeights', () => {
  it('describes q, k and v as one matrix, and what a recipe makes of it', async () => {
    const checkpoint = await plantedCheckpoint(null, { step: 500 });
    const { weights } = await analyzeWeights(checkpoint, {
      recipes: resolveRecipes(['w4', 'w8a8']),
      bins: 16,
    });
    expect(weights).toHaveLength(4 * 4 * 3);
    const [baseline, w4, w8a8] = weights.filter(({ layer, role }) => layer === 1 && role === 'attn.qkv');
    const { linears } = await readBlock(checkpoint, 1);
    const rows = linears
      .filter(({ module }) => module.role === 'attn.qkv')
      .flatMap(({ weight }) => [...weight]); // [out, in]
    const label = { checkpoint: 'planted', step: 500, layer: 1, role: 'attn.qkv', shape: [64, 128] };
    expect(baseline).toMatchObject({ ...label, variant: 'baseline', error: null });
    expect(w4).toMatchObject({ ...label, variant: 'w4' });
    const [largest] = singularValues(rows, 128, 64);
    expect(Math.abs(baseline!.spectral.norm / largest! - 1)).toBeLessThan(1e-6);
    const { std, kurtosis, min, max } = describeValues(rows);
    expect(baseline!.values.std).toBeCloseTo(std, 12);
    expect(baseline!.values.kurtosis).toBeCloseTo(kurtosis!, 10);
    expect([baseline!.values.min, baseline!.values.max]).toEqual([min, max]);
    // round to nearest, one scale per output: codes by hand
    let squares = 0;
    for (let n = 0; n < 128; n++) {
      const row = rows.slice(n * 64, (n + 1) * 64);
      const scale = Math.max(...row.map(Math.abs)) / 7;
      for (const w of row) squares += (w - scale * Math.round(w / scale)) ** 2;
    }
    expect(w4!.error!.mse / (squares / rows.length)).toBeCloseTo(1, 4);
    expect(w4!.error!.relative! ** 2).toBeCloseTo(squares / rows.reduce((sum, w) => sum + w * w, 0), 5);
    expect(w8a8!.error!.mse).toBeLessThan(w4!.error!.mse / 100);
    for (const { histogram } of [baseline!, w4!, w8a8!]) {
      expect(histogram).toMatchObject({
        min: baseline!.histogram.min,
        max: baseline!.histogram.max,
        below: 0,
        above: 0,
      });
      expect(histogram.counts.reduce((a, b) => a + b, 0)).toBe(rows.length);
    }
  });

  it('takes fixed bins, and counts what lies outside', async () => {
    const bins = { min: -0.1, max: 0.1, bins: 10 };
    const { weights, gains } = await analyzeWeights(await plantedCheckpoint(null), { bins });
    expect(weights[0]!.histogram.counts).toHaveLength(10);
    expect(weights[0]!.histogram.below).toBeGreaterThan(0);
    expect(gains[0]!.histogram!.above).toBe(64);
  });

  it.skipIf(shared === undefined)(
    'says where norms have no gain, and where one norm serves both (skipped without BITCLIFF_SHARED)',
    async () => {
      for (const [model, note, norms] of [
        ['olmo', 'none', 2],
        ['llama', null, 2],
        ['cohere', null, 1],
      ] as const) {
        const checkpoint = await openCheckpoint(`${shared}/golden/models/${model}`);
        const { gains } = await analyzeWeights(checkpoint);
        expect(gains, model).toHaveLength(norms * checkpoint.spec.layers);
        expect(gains[0]!.note, model).toBe(note);
        expect(gains[0]!.histogram === null, model).toBe(note === 'none');
        await checkpoint.close();
      }
    },
  );

  it('refuses recipes that need calibration', async () => {
    const recipes = resolveRecipes(['gptq-w4g64']);
    await expect(analyzeWeights(await plantedCheckpoint(null), { recipes })).rejects.toThrow(
      'gptq needs calibration',
    );
  });
});
