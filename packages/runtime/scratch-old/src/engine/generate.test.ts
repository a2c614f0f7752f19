import { createRng } from '@bitcliff/core';
import { resolveRecipes } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOLDEN_MODELS, goldenFolder, readGolden } from '../../test/helpers/golden.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import { createEngine, type Engine } from './engine.ts';
import { sampleToken } from './sample-token.ts';

describe('generate', () => {
  it.each(GOLDEN_MODELS)('%s: the golden greedy continuation', async (model) => {
    const checkpoint = await openCheckpoint(goldenFolder(model));
    const engine = await createEngine(checkpoint, { ort, threads: 1 });
    for (const { input_ids, greedy_new_tokens } of readGolden(model).sequences) {
      const maxTokens = greedy_new_tokens.length;
      expect(await engine.generate(input_ids, { maxTokens, stopTokens: [] })).toEqual({
        variant: 'baseline',
        tokens: greedy_new_tokens,
        end: 'maxTokens',
      });
    }
    await engine.dispose();
    await checkpoint.close();
  });

  describe('options', () => {
    let checkpoint: Checkpoint;
    let engine: Engine;
    beforeAll(async () => {
      checkpoint = await openCheckpoint(goldenFolder('llama'));
      engine = await createEngine(checkpoint, { ort, threads: 1, recipes: resolveRecipes(['w8a8', 'w4']) });
    });
    afterAll(async () => {
      await engine.dispose();
      await checkpoint.close();
    });

    it.each(['w8a8', 'w4'])('%s: each token is the top of the logits of all before it', async (variant) => {
      const { tokens } = await engine.generate([5, 9], { variant, maxTokens: 12, stopTokens: [] });
      for (const [i, token] of tokens.entries()) {
        const all = await engine.logits([5, 9, ...tokens.slice(0, i)]);
        const { logits } = all.find((result) => result.variant === variant)!;
        const last = logits.subarray(-97);
        expect(last.indexOf(Math.max(...last))).toBe(token);
      }
    });

    it('stop at a stop token and at the last position', async () => {
      const { tokens } = await engine.generate([1], { variant: 'baseline', maxTokens: 5, stopTokens: [] });
      const seen: number[] = [];
      const stopped = await engine.generate([1], {
        variant: 'baseline',
        stopTokens: [tokens[3]!],
        onToken: (token) => seen.push(token),
      });
      const before = tokens.slice(0, tokens.indexOf(tokens[3]!));
      expect(stopped).toEqual({ variant: 'baseline', tokens: before, end: 'stop' });
      expect(seen).toEqual(before);
      const prompt = new Array(60).fill(3);
      const long = await engine.generate(prompt, { variant: 'baseline', stopTokens: [] });
      expect(long.end).toBe('maxPositions');
      expect(long.tokens).toHaveLength(5); // the 64 positions of the model, and one token behind them
    });

    it('random choices repeat with their seed', async () => {
      const ask = (seed: number) =>
        engine.generate([1, 2], { temperature: 1, topK: 20, topP: 0.9, seed, maxTokens: 20, stopTokens: [] });
      const [a, b, c] = [await ask(1), await ask(1), await ask(2)];
      expect(a).toEqual(b);
      expect(a.tokens).not.toEqual(c.tokens);
      expect(a.variant).toBe('w4');
    });

    it('stop when told to', async () => {
      const controller = new AbortController();
      const stop = engine.generate([1], {
        signal: controller.signal,
        stopTokens: [],
        onToken: () => controller.abort(new Error('enough')),
      });
      await expect(stop).rejects.toThrow('enough');
    });

    it.each([
      [[], {}, 'generate: empty prompt, expected at least one token'],
      [[97], {}, 'token id outside the vocabulary'],
      [
        [1],
        { variant: 'w8' },
        'unknown variant "w8", expected one of: baseline, w4, w8a8. Did you mean "w4"?',
      ],
      [[1], { temperature: -1 }, 'bad temperature, expected a number from 0, received -1'],
      [[1], { topK: 0 }, 'bad topK'],
      [[1], { topP: 0 }, 'bad topP'],
    ])('refuse %j with %j', async (prompt, options, message) => {
      await expect(engine.generate(prompt, options)).rejects.toThrow(message);
    });
  });
});

describe('sampleToken', () => {
  const logits = Float32Array.of(1, 3, 3, 2, -50);
  const rng = createRng(7);
  const draw = (options: Parameters<typeof sampleToken>[1]): number[] => {
    const counts = new Array(5).fill(0);
    for (let i = 0; i < 20_000; i++) counts[sampleToken(logits, options, rng)]++;
    return counts.map((count) => count / 20_000);
  };

  it('takes the first of the most probable at temperature 0', () => {
    expect(sampleToken(logits, {}, rng)).toBe(1);
  });

  it('draws with softmax probabilities', () => {
    const weights = [...logits].map((x) => Math.exp(x / 2));
    const total = weights.reduce((a, b) => a + b);
    for (const [i, share] of draw({ temperature: 2 }).entries())
      expect(Math.abs(share - weights[i]! / total)).toBeLessThan(0.015);
  });

  it('keeps the k most probable, and those that reach p', () => {
    expect(draw({ temperature: 1, topK: 2 }).map((share) => share > 0)).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
    // probabilities 0.40, 0.40, 0.15, 0.05
    expect(draw({ temperature: 1, topP: 0.79 }).map((share) => share > 0)).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
    expect(draw({ temperature: 1, topP: 0.9 }).map((share) => share > 0)).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(draw({ temperature: 1, topK: 1 })).toEqual([0, 1, 0, 0, 0]);
  });
});
