import { type Recipe, resolveRecipes } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { tinyCheckpoint } from '../../test/helpers/tiny-checkpoint.ts';
import { quantizeModelMemory } from './estimate-memory.ts';
import { quantizeModel } from './quantize-model.ts';
import { createQuantizedBlocks } from './quantized-blocks.ts';

const recipeOf = (name: string): Recipe => resolveRecipes([name])[0]!;

// H 64, I 1100, 4 heads of 16, 2 of them for keys
const config = { hidden_size: 64, intermediate_size: 1100 };
const block = 2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 1100;

it('counts what lives at the peak', async () => {
  const checkpoint = await tinyCheckpoint(config);
  const calibration = { sequences: 5, length: 40 };
  const gptq = quantizeModelMemory(checkpoint, recipeOf('gptq-w4g32'), calibration);
  const grams = 8 * (3 * 64 ** 2 + 1100 ** 2); // f64 sums
  // f32 blocks of one sequence: 64 in one part, 1100 in parts of 512, 512 and 76, on and below the diagonal
  const blocks = 4 * (3 * 64 ** 2 + (3 * 512 ** 2 + 2 * 76 * 512 + 76 ** 2));
  const [K, N] = [1100, 64]; // down: H and its factor are the most
  const keys = 2 * 8 * 32; // keys and values of two heads of 16, for eight branches
  const row = 4 * 40 * (8 * 64 + 3 * 1100 + 4 * 40 + keys + 2 * 64);
  expect(gptq).toMatchObject({
    weights: 8 * block,
    results: 10 * block,
    statistics: grams + blocks,
    method: 4 * K * N + 16 * K * K + 13 * K * N,
    row,
    hidden: 4 * 5 * 40 * 64,
  });
  const { total, ...parts } = gptq;
  expect(total).toBe(Object.values(parts).reduce((a, b) => a + b));

  const awq = quantizeModelMemory(checkpoint, recipeOf('awq-w4g32'), calibration);
  expect(awq.method).toBe(4 * K * N + 4 * K * K + 18 * K * N);
  const rtn = quantizeModelMemory(checkpoint, recipeOf('rtn-w4g32'), { sequences: 0, length: 40 });
  // gate and up are transposed together
  expect(rtn).toMatchObject({ statistics: 0, row: 0, hidden: 0, method: 2 * 4 * 64 * 1100 + 9 * 64 * 1100 });
});

it('is what quantizeModel demands of a budget', async () => {
  const checkpoint = await tinyCheckpoint({ ...config, max_position_embeddings: 64 });
  const recipe = recipeOf('rtn-w4g32');
  const { total } = quantizeModelMemory(checkpoint, recipe, { sequences: 0, length: 2 });
  const run = (memoryBudget: number) =>
    quantizeModel(checkpoint, recipe, { ort, threads: 1, blocks: createQuantizedBlocks(), memoryBudget });
  expect((await run(total)).reports).toHaveLength(7);
  await expect(run(total - 1)).rejects.toThrow(
    `quantizeModel: the memory budget is too small for one block, expected at least ${Math.ceil(total / 1e6)} MB`,
  );
});
