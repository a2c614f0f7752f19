import { readdirSync, readFileSync } from 'node:fs';
import { createRng, type ProgressEvent } from '@bitcliff/core';
import { readNpy } from '@bitcliff/formats';
import { resolveRecipes } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  GOLDEN_MODELS,
  type Golden,
  goldenFolder,
  maxDifference,
  readGolden,
  readGoldenArray,
} from '../../test/helpers/golden.ts';
import { tinyCheckpoint } from '../../test/helpers/tiny-checkpoint.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import type { ScoreRequest } from '../packing.ts';
import { referenceForward } from '../reference/reference-forward.ts';
import type { VariantScores } from './collect-scores.ts';
import { createEngine, type Engine } from './engine.ts';
import { neededMemory } from './memory-plan.ts';
import { createScratchFile } from './scratch-file.node.ts';

const recipes = resolveRecipes(['w8a8', 'w4']);

/** On x64 equal to the last bit, W8A8 included; elsewhere vectors may sum in another order, and W8A8 may flip a code on top. */
const bound = (variant: number): number => (process.arch === 'x64' ? 0 : variant === 1 ? 2e-2 : 1e-4);

/** In float64. */
function logSoftmax(logits: Float32Array): number[] {
  const max = Math.max(...logits);
  const logSum = max + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0));
  return [...logits].map((x) => x - logSum);
}

describe('logits', () => {
  it.each(GOLDEN_MODELS)('%s agrees with the golden values and the float64 oracle', async (model) => {
    const checkpoint = await openCheckpoint(goldenFolder(model));
    const engine = await createEngine(checkpoint, { ort, threads: 1 });
    for (const { id, input_ids } of readGolden(model).sequences) {
      const [baseline] = await engine.logits(input_ids);
      const golden = readGoldenArray(model, `${id}_logits`);
      const oracle = (await referenceForward(checkpoint, input_ids)).logits;
      const largest = oracle.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
      const worst = Math.max(
        maxDifference(baseline!.logits, golden),
        maxDifference(baseline!.logits, oracle),
      );
      expect(worst / largest, `max |diff| ${worst} of ${largest}`).toBeLessThan(1e-5);
    }
    await engine.dispose();
    await checkpoint.close();
  });

  it('llama: W8A8 and W4 agree with the golden quantized runs', async () => {
    const checkpoint = await openCheckpoint(goldenFolder('llama'));
    const engine = await createEngine(checkpoint, { ort, recipes, threads: 1 });
    const tags = { w8a8: 'w8a8_vectorwise', w4: 'w4_sym_percolumn' };
    for (const { id, input_ids } of readGolden('llama').sequences) {
      for (const { variant, logits } of (await engine.logits(input_ids)).slice(1)) {
        const golden = readGoldenArray('llama', `${id}_quant_${tags[variant as 'w8a8' | 'w4']}_logits`);
        const worst = maxDifference(logits, golden);
        expect(worst, `max |diff| of ${variant} ${worst}`).toBeLessThan(1e-4);
      }
    }
    await engine.dispose();
    await checkpoint.close();
  });
});

describe('packing', () => {
  it.each(GOLDEN_MODELS)('%s: a request scores alone as it does among others', async (model) => {
    const checkpoint = await openCheckpoint(goldenFolder(model));
    const engine = await createEngine(checkpoint, { ort, threads: 1, recipes });
    const rng = createRng(12);
    const tokens = (n: number) => Array.from({ length: n }, () => rng.int(checkpoint.spec.vocabularySize));
    const requests: ScoreRequest[] = [];
    for (let item = 0; item < 5; item++) {
      const context = tokens(1 + rng.int(14));
      for (let choice = 0; choice < 3; choice++)
        requests.push({ context, continuation: tokens(1 + rng.int(9)) });
    }
    const packed = await engine.score(requests);
    for (const [i, request] of requests.entries()) {
      for (const [v, { variant, scores }] of (await engine.score([request])).entries()) {
        const difference = Math.abs(scores[0]!.logProb - packed[v]!.scores[i]!.logProb);
        expect(difference, `request ${i} of ${variant}`).toBeLessThanOrEqual(bound(v));
      }
    }
    await engine.dispose();
    await checkpoint.close();
  });
});

describe('all blocks as one graph', () => {
  it.each(GOLDEN_MODELS)('%s: gives the bits of blocks one by one', async (model) => {
    const checkpoint = await openCheckpoint(goldenFolder(model));
    const all = resolveRecipes(['w8a8', 'llm-int8', 'w4']);
    const setup = { ort, threads: 2, recipes: all, rowLength: 128 };
    const whole = await createEngine(checkpoint, setup);
    const { total } = neededMemory(checkpoint, { variants: 4, rowLength: 128 });
    const blocks = await createEngine(checkpoint, { ...setup, memoryBudget: total });
    const requests = readGolden(model).sequences.map(({ input_ids }) => ({
      context: input_ids.slice(0, 2),
      continuation: input_ids.slice(2),
    }));
    const details = async (engine: Engine): Promise<[VariantScores[], Set<string | undefined>]> => {
      const seen = new Set<string | undefined>();
      const scores = await engine.score(requests, { onProgress: ({ detail }) => seen.add(detail) });
      return [scores, seen];
    };
    const [expected, oneByOne] = await details(blocks);
    const [received, atOnce] = await details(whole);
    expect(received).toEqual(expected);
    const first = `block 1 of ${checkpoint.spec.layers}`;
    expect(oneByOne).toContain(first);
    // blocks that see differently far take different masks
    const windows = new Set(checkpoint.spec.attention.windows);
    expect(atOnce).toContain(windows.size <= 1 ? 'all blocks' : first);
    for (const engine of [whole, blocks]) await engine.dispose();
    await checkpoint.close();
  });
});

describe('long sequences', () => {
  it.each([32, 64, 128, 256])('in heads of %i score alone as they do among others', async (headDim) => {
    const checkpoint = await tinyCheckpoint({
      hidden_size: 64,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      head_dim: headDim,
      max_position_embeddings: 1024,
    });
    const rng = createRng(headDim);
    const tokens = (n: number) => Array.from({ length: n }, () => rng.int(40));
    // the sums of attention over a few hundred keys are made in slices
    const requests = [3, 60, 150, 270, 400].flatMap((length) => {
      const context = tokens(length);
      return [1, 30, 90].map((n) => ({ context, continuation: tokens(n) }));
    });
    const engine = await createEngine(checkpoint, { ort, recipes, threads: 2, rowLength: 600 });
    const packed = await engine.score(requests);
    for (const [i, request] of requests.entries()) {
      for (const [v, { variant, scores }] of (await engine.score([request])).entries()) {
        const difference = Math.abs(scores[0]!.logProb - packed[v]!.scores[i]!.logProb);
        expect(difference, `request ${i} of ${variant}`).toBeLessThanOrEqual(bound(v));
      }
    }
    await engine.dispose();
    await checkpoint.close();
  });
});

describe('scores', () => {
  let checkpoint: Checkpoint;
  let engine: Engine;
  const requests: ScoreRequest[] = [];

  beforeAll(async () => {
    checkpoint = await openCheckpoint(goldenFolder('llama'));
    engine = await createEngine(checkpoint, { ort, recipes, threads: 1 });
    const rng = createRng(99);
    const tokens = (n: number) => Array.from({ length: n }, () => rng.int(97));
    for (let item = 0; item < 40; item++) {
      const context = tokens(1 + rng.int(30));
      for (let choice = 0; choice < 4; choice++)
        requests.push({ context, continuation: tokens(1 + rng.int(12)) });
    }
  });
  afterAll(async () => {
    await engine.dispose();
    await checkpoint.close();
  });

  it('are the golden log-probabilities, summed', async () => {
    const golden = readGolden('llama');
    const whole = golden.sequences.map(({ input_ids }) => ({
      context: input_ids.slice(0, 1),
      continuation: input_ids.slice(1),
    }));
    const tags = { baseline: undefined, w8a8: 'w8a8_vectorwise', w4: 'w4_sym_percolumn' };
    for (const { variant, scores } of await engine.score(whole)) {
      const tag = tags[variant as keyof typeof tags];
      for (const [s, score] of scores.entries()) {
        const list =
          tag === undefined
            ? golden.sequences[s]!.token_logprobs
            : golden.quantized![tag]!.token_logprobs[s]!;
        expect(score.logProb).toBeCloseTo(
          list.reduce((sum, lp) => sum + lp, 0),
          3,
        );
        expect(score.isGreedy).toBe(false);
      }
    }
  });

  it('mark the greedy continuation, and nothing beside it', async () => {
    const { input_ids: context, greedy_new_tokens: greedy } = readGolden('llama').sequences[0]!;
    const other = [...greedy.slice(0, -1), (greedy.at(-1)! + 1) % 97];
    const [baseline] = await engine.score([
      { context, continuation: greedy },
      { context, continuation: other },
    ]);
    expect(baseline!.scores.map((score) => score.isGreedy)).toEqual([true, false]);
  });

  it('do not depend on how requests are packed', async () => {
    const key = (results: VariantScores[]) => results.map(({ scores }) => scores);
    const packed = key(await engine.score(requests));
    const alone: VariantScores['scores'][] = [[], [], []];
    for (const request of requests) {
      for (const [v, { scores }] of (await engine.score([request])).entries())
        alone[v] = [...alone[v]!, ...scores];
    }
    const shuffled = createRng(1).shuffle(requests.map((_, i) => i));
    const shuffledScores = key(await engine.score(shuffled.map((i) => requests[i]!)));
    const { total: smallestBudget } = neededMemory(checkpoint, { variants: 3, rowLength: 40 });
    const small = await createEngine(checkpoint, {
      ort,
      recipes,
      rowLength: 40,
      sharePrefixes: false,
      memoryBudget: smallestBudget,
      scratch: createScratchFile,
    });
    const smallRows = key(await small.score(requests));
    await small.dispose();
    for (let v = 0; v < 3; v++) {
      for (const [i] of requests.entries()) {
        const expected = packed[v]![i]!;
        for (const other of [alone[v]![i]!, shuffledScores[v]![shuffled.indexOf(i)]!, smallRows[v]![i]!]) {
          expect(other.isGreedy).toBe(expected.isGreedy);
          expect(Math.abs(other.logProb - expected.logProb)).toBeLessThanOrEqual(bound(v));
        }
      }
    }
  });

  it('report progress and stop when told to', async () => {
    const events: ProgressEvent[] = [];
    await engine.score(requests, { onProgress: (event) => events.push(event) });
    expect(events[0]).toMatchObject({ phase: 'score', done: 0, unit: 'row blocks', detail: 'all blocks' });
    expect(events.at(-1)!.done).toBe(events.at(-1)!.total);
    expect(events.map(({ done }) => done)).toEqual([...events.keys()].map((i) => 2 * i));
    events.length = 0;
    const skipLayers = [0];
    await engine.score(requests, { skipLayers, onProgress: (event) => events.push(event) });
    expect(events[0]).toMatchObject({ done: 0, detail: 'block 2 of 2' });
    expect(events.map(({ done }) => done)).toEqual([...events.keys()]);
    const controller = new AbortController();
    const stop = engine.score(requests, {
      signal: controller.signal,
      onProgress: ({ done }) => done === 6 && controller.abort(new Error('enough')),
    });
    await expect(stop).rejects.toThrow('enough');
    const fresh = await createEngine(checkpoint, { ort, recipes, threads: 1 });
    const early = new AbortController();
    const loading = fresh.score(requests, {
      signal: early.signal,
      onProgress: ({ detail }) => detail === 'loading block 1 of 2' && early.abort(new Error('too early')),
    });
    await expect(loading).rejects.toThrow('too early');
    expect(await fresh.score(requests)).toEqual(await engine.score(requests));
    await fresh.dispose();
  });

  it('refuse tokens outside the vocabulary and sequences longer than the positions', async () => {
    await expect(engine.score([{ context: [1], continuation: [97] }])).rejects.toThrow(
      'score: token id outside the vocabulary, expected an integer in [0, 97), received 97 (request 0',
    );
    const long = new Array(65).fill(1);
    await expect(
      engine.score([
        { context: [1], continuation: [1] },
        { context: long, continuation: [1] },
      ]),
    ).rejects.toThrow(
      'score: the sequence is longer than the model accepts, expected at most 64 tokens, received 65 (request 1',
    );
  });

  it('do not depend on the scratch file or on the memory for parts', async () => {
    const { total } = neededMemory(checkpoint, { variants: 3, rowLength: 256 });
    let closed = 0;
    const scratch = async () => {
      const file = await createScratchFile();
      const close = (): Promise<void> => {
        closed++;
        return file.close();
      };
      return { ...file, close };
    };
    const spilling = await createEngine(checkpoint, {
      ort,
      recipes,
      memoryBudget: total,
      scratch,
      threads: 1,
    });
    expect(await spilling.score(requests)).toEqual(await engine.score(requests));
    expect(closed).toBe(1);
    const controller = new AbortController();
    const stop = spilling.score(requests, {
      signal: controller.signal,
      onProgress: ({ done }) => done === 6 && controller.abort(new Error('enough')),
    });
    await expect(stop).rejects.toThrow('enough');
    expect(closed).toBe(2);
    await spilling.dispose();
  });

  it('with divergence: KL and top-1 agreement from the logits in float64', async () => {
    const results = await engine.score(requests.slice(0, 12), { divergence: true });
    expect(results[0]!.scores[0]!.divergence).toBeNull();
    const plain = await engine.score(requests.slice(0, 12));
    for (const [i, { context, continuation }] of requests.slice(0, 12).entries()) {
      const logits = await engine.logits([...context, ...continuation.slice(0, -1)]);
      const rows = logits.map((result) =>
        continuation.map((_, j) => {
          const at = (context.length - 1 + j) * 97;
          return logSoftmax(result.logits.subarray(at, at + 97));
        }),
      );
      for (const v of [1, 2]) {
        const { kl, sameTop } = results[v]!.scores[i]!.divergence!;
        for (const j of continuation.keys()) {
          const [p, q] = [rows[0]![j]!, rows[v]![j]!];
          const exact = p.reduce((sum, lp, t) => sum + Math.exp(lp) * (lp - q[t]!), 0);
          expect(Math.abs(kl[j]! - exact), `kl ${kl[j]} of ${exact}`).toBeLessThan(1e-6);
          expect(sameTop[j]).toBe(p.indexOf(Math.max(...p)) === q.indexOf(Math.max(...q)));
        }
        expect(results[v]!.scores[i]!.logProb).toBe(plain[v]!.scores[i]!.logProb);
      }
    }
    const alone = await createEngine(checkpoint, { ort, recipes, baseline: false, threads: 1 });
    expect(alone.variants).toEqual(['w8a8', 'w4']);
    expect(await alone.score(requests)).toEqual((await engine.score(requests)).slice(1));
    await expect(alone.score(requests, { divergence: true })).rejects.toThrow(
      'divergence without a baseline',
    );
    await alone.dispose();
  });

  it('refuse a memory budget that no block fits', async () => {
    await expect(createEngine(checkpoint, { ort, memoryBudget: 1e6 })).rejects.toThrow(
      /the memory budget is too small for one block, expected at least \d+ MB .* received 1.0 MB/,
    );
  });

  it('refuse two recipes of one name', async () => {
    await expect(createEngine(checkpoint, { ort, recipes: [recipes[0]!, recipes[0]!] })).rejects.toThrow(
      'two variants are called "w8a8"',
    );
  });
});

const shared = process.env.BITCLIFF_SHARED;
describe('skipLayers', () => {
  it('scores as a model without those blocks does, to the bit', async () => {
    const requests = [{ context: [1, 5, 9, 4], continuation: [7, 2] }];
    const score = async (layers: number, skipLayers: readonly number[]) => {
      const checkpoint = await tinyCheckpoint({ num_hidden_layers: layers });
      const engine = await createEngine(checkpoint, { ort, recipes, threads: 1 });
      try {
        return (await engine.score(requests, { skipLayers })).map(({ scores }) => scores[0]!.tokenLogProbs);
      } finally {
        await engine.dispose();
      }
    };
    expect(await score(3, [1, 2])).toEqual(await score(1, []));
    expect(await score(3, [1])).not.toEqual(await score(3, []));
    await expect(score(3, [3])).rejects.toThrow(
      'no such layer to skip, expected an integer in [0, 3), received 3',
    );
  });
});

describe.skipIf(shared === undefined)('every golden model (skipped without BITCLIFF_SHARED)', () => {
  const root = `${shared}/golden/models`;
  it.each(shared === undefined ? [] : readdirSync(root))('%s', async (model) => {
    const checkpoint = await openCheckpoint(`${root}/${model}`);
    const engine = await createEngine(checkpoint, { ort, threads: 1 });
    const { sequences } = JSON.parse(readFileSync(`${root}/${model}/golden/golden.json`, 'utf8')) as Golden;
    for (const { id, input_ids } of sequences) {
      const [baseline] = await engine.logits(input_ids);
      const golden = readNpy(readFileSync(`${root}/${model}/golden/${id}_logits.npy`)).data as Float32Array;
      const worst = maxDifference(baseline!.logits, golden);
      expect(worst, `max |diff| ${worst}`).toBeLessThan(1e-4);
    }
    await engine.dispose();
    await checkpoint.close();
  });
});
