/** @file Real rows on real models: the engine's batches, order and shared prefixes must not move a score. */
import { createRng } from '@bitcliff/core';
import { prepareTask, resolveTasks, scoreTasks } from '@bitcliff/evals';
import { loadTaskRows } from '@bitcliff/evals/node';
import { resolveRecipes } from '@bitcliff/quantize';
import { createEngine } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';

const shared = process.env.BITCLIFF_SHARED;
const TASKS = ['piqa', 'hellaswag', 'winogrande', 'lambada_openai', 'copa', 'c4'];

describe.skipIf(shared === undefined)('real rows (skipped without BITCLIFF_SHARED)', () => {
  it.each(['stories260K', 'babyllama105'])(
    '%s: batch 1, batched, shuffled and unshared give the same results',
    async (model) => {
      const checkpoint = await openCheckpoint(`${shared}/data/models/${model}`);
      const tokenizer = await checkpoint.tokenizer();
      const prepared = [];
      for (const task of resolveTasks(TASKS)) {
        const { rows } = await loadTaskRows(task, `${shared}/data`, {
          limit: task.name === 'c4' ? 1 : 4,
          seed: 1,
        });
        prepared.push(prepareTask(task, rows, tokenizer, { maxLength: checkpoint.spec.maxPositions }));
      }
      const requests = prepared.flatMap((task) => task.requests);
      const options = { ort, recipes: resolveRecipes(['w8a8']) };
      const engine = await createEngine(checkpoint, options);
      const batched = await engine.score(requests);

      const order = createRng(7).shuffle(requests.map((_, i) => i));
      const shuffled = await engine.score(order.map((i) => requests[i]!));
      for (const [v, { scores }] of shuffled.entries()) {
        const restored = requests.map((_, i) => scores[order.indexOf(i)]!);
        expect(scoreTasks(prepared, restored)).toEqual(scoreTasks(prepared, batched[v]!.scores));
      }

      for (const [i, request] of requests.entries()) {
        for (const [v, { scores }] of (await engine.score([request])).entries()) {
          expect(scores[0]).toEqual(batched[v]!.scores[i]);
        }
      }
      await engine.dispose();

      const unshared = await createEngine(checkpoint, { ...options, sharePrefixes: false });
      expect(await unshared.score(requests)).toEqual(batched);
      await unshared.dispose();
      await checkpoint.close();
    },
    120_000,
  );
});
