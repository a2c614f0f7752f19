import { createRng } from '@bitcliff/core';
import { type LinearPolicy, type Recipe, resolveRecipes } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { GOLDEN_MODELS, goldenFolder } from '../../test/helpers/golden.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import { packRequests, type ScoreRequest, scoredTokens } from '../packing.ts';
import { createEngine } from './engine.ts';
import { neededMemory, planMemory } from './memory-plan.ts';
import type { Ort } from './ort.ts';

const [w8a8, llmInt8] = resolveRecipes(['w8a8', 'llm-int8']) as [Recipe, Recipe];

/** A recipe changed alike in every role. */
function changed(recipe: Recipe, name: string, change: (policy: LinearPolicy) => LinearPolicy): Recipe {
  const roles = Object.entries(recipe.roles).map(([role, policy]) => [role, policy && change(policy)]);
  return { ...recipe, name, roles: Object.fromEntries(roles) };
}

/** Two of them look at several tokens: their last block drops tokens at its very end. */
const recipes: Recipe[] = [
  w8a8,
  changed(w8a8, 'per-tensor', (policy) => ({
    ...policy,
    activations: { ...policy.activations!, granularity: 'perTensor' },
  })),
  changed(llmInt8, 'batch-outliers', (policy) => ({
    ...policy,
    method: { name: 'llm-int8', threshold: 2, scope: 'batch' },
  })),
];

const rowLength = 64;
const variants = 1 + recipes.length;

/** Contexts of which most tokens are not scored, alone and with several continuations. */
function someRequests(vocabulary: number): ScoreRequest[] {
  const rng = createRng(5);
  const tokens = (n: number) => Array.from({ length: n }, () => rng.int(vocabulary));
  return [1, 2, 3, 3, 1, 1].flatMap((choices) => {
    const context = tokens(1 + rng.int(20));
    return Array.from({ length: choices }, () => ({ context, continuation: tokens(1 + rng.int(5)) }));
  });
}

/** ONNX Runtime, with a note of how many tokens each run keeps. */
function watched(keeps: number[]): Ort {
  const create: Ort['InferenceSession']['create'] = async (model, options) => {
    const session = await (ort as Ort).InferenceSession.create(model, options);
    const run: typeof session.run = (feeds, fetches) => {
      if (feeds.kept !== undefined) keeps.push(feeds.kept.dims[0]!);
      return session.run(feeds, fetches);
    };
    return { run, release: () => session.release() };
  };
  return { Tensor: ort.Tensor, InferenceSession: { create } } as Ort;
}

/** An engine whose last blocks put out scored tokens alone, and one that has the memory for whole rows only. */
async function bothEngines(checkpoint: Checkpoint, keeps: number[]) {
  const needs = neededMemory(checkpoint, { variants, rowLength });
  const memoryBudget = needs.total + (2 * variants - 1) * needs.graph - 1;
  expect(planMemory(checkpoint, memoryBudget, { variants, rowLength }).scoredOnly).toBe(false);
  expect(planMemory(checkpoint, memoryBudget + 1, { variants, rowLength }).scoredOnly).toBe(true);
  const options = { ort: watched(keeps), recipes, rowLength, threads: 2 };
  return [
    await createEngine(checkpoint, options),
    await createEngine(checkpoint, { ...options, memoryBudget }),
  ] as const;
}

/** Elsewhere than on x64, products of fewer rows may sum in another order. */
const onX64 = it.skipIf(process.arch !== 'x64');

onX64.each(GOLDEN_MODELS)(
  '%s: a last block for scored tokens alone gives the same bits on x64',
  async (model) => {
    const checkpoint = await openCheckpoint(goldenFolder(model));
    const requests = someRequests(checkpoint.spec.vocabularySize);
    const keeps: number[] = [];
    const [kept, whole] = await bothEngines(checkpoint, keeps);
    const all = Array.from({ length: checkpoint.spec.layers }, (_, layer) => layer);
    const packed = packRequests(requests, { rowLength });
    const counts = packed.map((row) => scoredTokens(row).length);
    const forVariants = (counts: readonly number[]) =>
      counts.flatMap((count) => new Array(variants).fill(count));
    // blocks run as one graph, which is told what to keep, unless some are left out or see differently far
    const windows = new Set(checkpoint.spec.attention.windows);
    for (const skipLayers of [[], all.slice(-1), all]) {
      keeps.length = 0;
      const expected = await whole.score(requests, { skipLayers, divergence: true });
      const isStack = skipLayers.length === 0 && windows.size <= 1;
      expect(keeps).toEqual(isStack ? forVariants(counts) : []);
      keeps.length = 0;
      expect(await kept.score(requests, { skipLayers, divergence: true })).toEqual(expected);
      expect(keeps).toEqual(skipLayers === all ? [] : forVariants(counts));
    }
    const context = requests[0]!.context;
    const single = [{ context, continuation: [1] }]; // one token is scored
    expect(await kept.score(single)).toEqual(await whole.score(single));
    const { logits } = (await kept.logits(context))[0]!;
    const last = logits.subarray(-checkpoint.spec.vocabularySize);
    const logSum = Math.log(last.reduce((sum, x) => sum + Math.exp(x), 0));
    expect((await kept.score(single))[0]!.scores[0]!.logProb).toBeCloseTo(last[1]! - logSum, 5);
    await kept.dispose();
    await whole.dispose();
    await checkpoint.close();
  },
);

it('scoredTokens names each token once, in the order of its first score, and one token twice', () => {
  const [row] = packRequests([
    { context: [1, 2, 3], continuation: [4, 5] },
    { context: [1, 2, 3], continuation: [6] },
  ]);
  expect([...scoredTokens(row!)]).toEqual([2, 3]);
  expect([...scoredTokens({ scored: [{ request: 0, index: 7, target: 1, place: 0 }] })]).toEqual([7, 7]);
  const scored = [9, 4, 9, 2].map((index, place) => ({ request: 0, index, target: 1, place }));
  expect([...scoredTokens({ scored })]).toEqual([9, 4, 2]);
});
