import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { createEngine } from './engine/engine.ts';
import { openCheckpoint } from './open-checkpoint.node.ts';
import { referenceForward } from './reference/reference-forward.ts';

const shared = process.env.BITCLIFF_SHARED;

describe.skipIf(shared === undefined)(
  'real models (skipped without BITCLIFF_SHARED, the folder of shared data)',
  () => {
    /** Openings of the greedy continuation from BOS by an independent implementation (data/MANIFEST.md). */
    it.each([
      [
        'stories260K',
        'Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball.',
      ],
      [
        'babyllama105',
        'Once upon a time, there was a little girl named Lily. She loved to play outside in the sunshine.',
      ],
    ])('%s continues greedily with the published text', async (model, opening) => {
      const checkpoint = await openCheckpoint(`${shared}/data/models/${model}`);
      const tokenizer = await checkpoint.tokenizer();
      const engine = await createEngine(checkpoint, { ort });
      const V = checkpoint.spec.vocabularySize;
      const tokens = [tokenizer.bosTokenId!];
      let text = '';
      while (text.length < opening.length && tokens.length < 200) {
        const [baseline] = await engine.logits(tokens);
        const last = baseline!.logits.subarray((tokens.length - 1) * V);
        tokens.push(last.indexOf(Math.max(...last)));
        text = tokenizer.decode(tokens, { skipSpecialTokens: true }).trim();
      }
      expect(text.slice(0, opening.length)).toBe(opening);
      await engine.dispose();
      await checkpoint.close();
    });

    it('stories260K agrees with the float64 oracle, W8A8 and W4 included', async () => {
      const { resolveRecipes } = await import('@bitcliff/quantize');
      const checkpoint = await openCheckpoint(`${shared}/data/models/stories260K`);
      const tokenizer = await checkpoint.tokenizer();
      const recipes = resolveRecipes(['w8a8', 'w4']);
      const engine = await createEngine(checkpoint, { ort, recipes });
      const tokens = tokenizer.encode('Once upon a time, Tom had a red ball. He lost the');
      expect(tokenizer.decode(tokens, { skipSpecialTokens: true }).trim()).toBe(
        'Once upon a time, Tom had a red ball. He lost the',
      );
      for (const [v, { variant, logits }] of (await engine.logits(tokens)).entries()) {
        const oracle = (await referenceForward(checkpoint, tokens, [null, ...recipes][v])).logits;
        const largest = oracle.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
        const worst = logits.reduce((max, x, i) => Math.max(max, Math.abs(x - oracle[i]!)), 0) / largest;
        // one activation code that flips at a tie moves a W8A8 logit by about 1e-3
        expect(worst, `max relative |diff| of ${variant} ${worst}`).toBeLessThan(
          variant === 'w8a8' ? 1e-2 : 1e-4,
        );
      }
      await engine.dispose();
      await checkpoint.close();
    });
  },
);
