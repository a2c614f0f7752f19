import { roundHalfToEven } from '@bitcliff/core';
import { resolveRecipes } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GOLDEN_MODELS, goldenFolder, readGolden } from '../../test/helpers/golden.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import { referenceForward } from '../reference/reference-forward.ts';
import type { TapPoint, TapRecord } from '../taps.ts';
import { createEngine } from './engine.ts';

const INPUTS: TapPoint[] = ['attn.qkv.input', 'attn.out.input', 'mlp.up.input', 'mlp.down.input'];
const OUTPUTS: TapPoint[] = ['attn.qkv.output', 'attn.out.output', 'mlp.up.output', 'mlp.down.output'];

/** @param least what differences are compared with where all values are smaller */
function closeTo(
  received: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound: number,
  what: string,
  least = 1e-30,
): void {
  let worst = 0;
  let largest = least;
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(received[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  expect(received.length, what).toBe(expected.length);
  expect(worst / largest, `${what}: max |diff| ${worst} of ${largest}`).toBeLessThan(bound);
}

/** The statistics of X [T, N], in float64. */
function statistics(x: Float64Array, T: number, N: number, threshold: number) {
  const absMax = new Float64Array(N);
  const meanAbs = new Float64Array(N);
  const above = new Float64Array(N);
  const gram = new Float64Array(N * N);
  const means: number[] = [];
  const std: number[] = [];
  const int8Error: number[] = [];
  for (let t = 0; t < T; t++) {
    const row = x.subarray(t * N, (t + 1) * N);
    const mean = row.reduce((a, b) => a + b, 0) / N;
    means.push(mean);
    std.push(Math.sqrt(row.reduce((a, b) => a + (b - mean) ** 2, 0) / N));
    const scale = row.reduce((a, b) => Math.max(a, Math.abs(b)), 0) / 127;
    int8Error.push(Math.sqrt(row.reduce((a, b) => a + (b - scale * roundHalfToEven(b / scale)) ** 2, 0) / N));
    for (let i = 0; i < N; i++) {
      absMax[i] = Math.max(absMax[i]!, Math.abs(row[i]!));
      meanAbs[i]! += Math.abs(row[i]!) / T;
      if (Math.abs(row[i]!) > threshold) above[i]!++;
      for (let j = 0; j < N; j++) gram[i * N + j]! += row[i]! * row[j]!;
    }
  }
  return { absMax, meanAbs, above, gram, means, std, int8Error };
}

const join = (parts: readonly Float64Array[]): Float64Array => {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

describe('trace', () => {
  it.each(GOLDEN_MODELS)('%s: the statistics of every input equal those of the oracle', async (model) => {
    const checkpoint = await openCheckpoint(goldenFolder(model));
    const engine = await createEngine(checkpoint, { ort, threads: 1 });
    const sequences = readGolden(model).sequences.map(({ input_ids }) => input_ids);
    const records = await engine.trace(sequences, { gram: true, threshold: 0.7 });
    expect(records).toHaveLength(checkpoint.spec.layers * 4);
    const traces = await Promise.all(sequences.map((ids) => referenceForward(checkpoint, ids)));
    const T = sequences.reduce((sum, ids) => sum + ids.length, 0);
    for (const record of records) {
      const role = record.point.replace('.input', '') as keyof (typeof traces)[0]['inputs'];
      const x = join(traces.map((trace) => trace.inputs[role][record.layer]!));
      const expected = statistics(x, T, record.features, 0.7);
      const what = `${record.point} of block ${record.layer}`;
      expect(record).toMatchObject({ variant: 'baseline', tokens: T, difference: null });
      closeTo(record.channels!.absMax, expected.absMax, 1e-5, `${what} absMax`);
      closeTo(record.channels!.meanAbs, expected.meanAbs, 1e-5, `${what} meanAbs`);
      expect(record.above, what).toEqual(expected.above);
      closeTo(record.gram!, expected.gram, 1e-5, `${what} gram`);
      // behind a LayerNorm means are rounding errors
      const largest = Math.max(...expected.absMax);
      closeTo(record.perToken!.mean, expected.means, 1e-6, `${what} mean`, largest);
      closeTo(record.perToken!.std, expected.std, 1e-5, `${what} std`);
      // a value next to a tie may take the other code
      closeTo(record.perToken!.int8Error, expected.int8Error, 2e-3, `${what} int8Error`);
    }
    await engine.dispose();
    await checkpoint.close();
  });

  it('gives values, and distances between variants that follow from them', async () => {
    const checkpoint = await openCheckpoint(goldenFolder('qwen3'));
    const recipes = resolveRecipes(['w8a8', 'w4']);
    const engine = await createEngine(checkpoint, { ort, recipes, threads: 1 });
    const sequences = readGolden('qwen3').sequences.map(({ input_ids }) => input_ids);
    const values = new Map<string, Float32Array[]>();
    const points = [...INPUTS, ...OUTPUTS];
    const records = await engine.trace(sequences, {
      points,
      tokens: false,
      onValues: ({ variant, layer, point, sequence, data, tokens, features }) => {
        expect(data).toHaveLength(tokens * features);
        const key = `${variant} ${layer} ${point}`;
        const list = values.get(key) ?? [];
        list[sequence] = data.slice();
        values.set(key, list);
      },
    });
    expect(records).toHaveLength(2 * points.length * 3);
    const norm = (xs: readonly number[]): number => Math.sqrt(xs.reduce((sum, x) => sum + x * x, 0));
    for (const { variant, layer, point, difference, perToken, gram, above } of records) {
      expect([perToken, gram, above]).toEqual([null, null, null]);
      if (variant === 'baseline') expect(difference).toBeNull();
      else {
        const base = values.get(`baseline ${layer} ${point}`)!.flatMap((x) => [...x]);
        const own = values.get(`${variant} ${layer} ${point}`)!.flatMap((x) => [...x]);
        expect(difference!.norm).toBeCloseTo(norm(own.map((x, i) => x - base[i]!)), 4);
        expect(difference!.baselineNorm).toBeCloseTo(norm(base), 3);
      }
    }
    const first = (point: TapPoint): TapRecord =>
      records.find((record) => record.point === point && record.variant === 'w4' && record.layer === 0)!;
    expect(first('attn.qkv.input').difference!.norm).toBe(0); // nothing is quantized before it
    expect(first('attn.qkv.output').difference!.norm).toBeGreaterThan(0);
    expect(first('attn.qkv.output').features).toBe(96); // 4 + 2 · 2 heads of 12
    await engine.dispose();
    await checkpoint.close();
  });

  it("compares every block on the baseline's inputs with propagate: false", async () => {
    const checkpoint = await openCheckpoint(goldenFolder('llama'));
    const engine = await createEngine(checkpoint, {
      ort,
      recipes: resolveRecipes(['w8a8', 'w4']),
      threads: 1,
    });
    const sequences = readGolden('llama').sequences.map(({ input_ids }) => input_ids);
    const run = async (propagate: boolean): Promise<TapRecord[]> =>
      (await engine.trace(sequences, { points: [...INPUTS, ...OUTPUTS], tokens: false, propagate })).filter(
        ({ difference }) => difference !== null,
      );
    const [propagated, local] = [await run(true), await run(false)];
    for (const [i, { layer, point, variant, difference }] of local.entries()) {
      const what = `${variant} ${point} of block ${layer}`;
      if (point === 'attn.qkv.input') expect(difference!.norm, what).toBe(0);
      else expect(difference!.norm, what).toBeGreaterThan(0);
      expect(difference!.baselineNorm, what).toBe(propagated[i]!.difference!.baselineNorm);
      if (layer === 0) expect(difference, what).toEqual(propagated[i]!.difference);
      else expect(propagated[i]!.difference!.norm, what).toBeGreaterThan(difference!.norm * 0.9);
    }
    const alone = await createEngine(checkpoint, { ort, recipes: resolveRecipes(['w4']), baseline: false });
    await expect(alone.trace(sequences, { propagate: false })).rejects.toThrow(
      'trace: propagate: false without a baseline',
    );
    await alone.dispose();
    await engine.dispose();
    await checkpoint.close();
  });

  it('refuses a sequence of one token', async () => {
    const checkpoint = await openCheckpoint(goldenFolder('llama'));
    const engine = await createEngine(checkpoint, { ort, threads: 1 });
    await expect(engine.trace([[1, 2], [3]])).rejects.toThrow(
      'trace: the sequence is too short, expected at least 2 tokens, received 1 (sequence 1)',
    );
    await engine.dispose();
    await checkpoint.close();
  });
});
