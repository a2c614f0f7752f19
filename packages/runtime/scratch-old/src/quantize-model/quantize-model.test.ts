import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '@bitcliff/core';
import { type Recipe, resolveRecipes, tokenHash } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { goldenFolder } from '../../test/helpers/golden.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { createEngine } from '../engine/engine.ts';
import { neededMemory } from '../engine/memory-plan.ts';
import { createScratchFile } from '../engine/scratch-file.node.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import { quantizeModel } from './quantize-model.ts';
import { createQuantizedBlocks, type QuantizedBlocks } from './quantized-blocks.ts';
import { openQuantizedFolder } from './quantized-folder.node.ts';

const rng = createRng(4);
const sequences = Array.from({ length: 6 }, () => Array.from({ length: 30 }, () => rng.int(97)));
const requests = sequences.map((ids) => ({ context: ids.slice(0, 20), continuation: ids.slice(20) }));
const recipeOf = (name: string): Recipe => resolveRecipes([name])[0]!;

let checkpoint: Checkpoint;
let folder: string;
beforeAll(async () => {
  checkpoint = await openCheckpoint(goldenFolder('llama_sharded')); // three layers
});
afterAll(() => checkpoint.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function scoresOf(recipe: Recipe, blocks?: QuantizedBlocks): Promise<number[]> {
  const quantized = blocks && { quantized: new Map([[recipe.name, blocks]]) };
  const engine = await createEngine(checkpoint, {
    ort,
    threads: 1,
    baseline: false,
    recipes: [recipe],
    ...quantized,
  });
  const [variant] = await engine.score(requests);
  await engine.dispose();
  return variant!.scores.map(({ logProb }) => logProb);
}

describe('quantizeModel', () => {
  it.each(['w8a8', 'w4', 'rtn-w3g32', 'hqq-w4g64', 'fp8', 'mxfp4', 'nvfp4', 'llm-int8'])(
    '%s: blocks kept in a folder score as weights quantized on the way do',
    async (name) => {
      const recipe = recipeOf(name);
      const blocks = openQuantizedFolder(folder, checkpoint, recipe);
      const record = await quantizeModel(checkpoint, recipe, { ort, threads: 1, blocks });
      expect(record).toMatchObject({ calibration: null, resumed: 0 });
      expect(record.reports).toHaveLength(3 * 7);
      expect(await scoresOf(recipe, blocks)).toEqual(await scoresOf(recipe));
    },
  );

  it.each(['gptq-w3g32', 'awq-w3g32', 'smoothquant-w8a8'])(
    '%s: memory and folder give the same',
    async (name) => {
      const recipe = recipeOf(name);
      const inMemory = createQuantizedBlocks();
      const options = { ort, threads: 1, sequences };
      const record = await quantizeModel(checkpoint, recipe, { ...options, blocks: inMemory });
      expect(record.calibration).toEqual({
        sequences: 6,
        tokens: 180,
        tokenHash: await tokenHash(sequences),
      });
      const statistics = 12 * (3 * 32 ** 2 + 64 ** 2); // the Gram matrices
      const { total } = neededMemory(checkpoint, { variants: 2, rowLength: 30, statistics });
      const inFolder = openQuantizedFolder(folder, checkpoint, recipe);
      await quantizeModel(checkpoint, recipe, {
        ...options,
        blocks: inFolder,
        memoryBudget: total,
        scratch: createScratchFile,
      });
      const scores = await scoresOf(recipe, inMemory);
      expect(await scoresOf(recipe, inFolder)).toEqual(scores);
      expect(scores.every(Number.isFinite)).toBe(true);
      await expect(scoresOf(recipe)).rejects.toThrow(`recipe "${name}" needs calibration`);
    },
  );

  it.each(['gptq-w3g32', 'awq-w3g32'])('%s has smaller output errors than rounding', async (name) => {
    const errors = async (recipe: Recipe): Promise<number[]> => {
      const blocks = createQuantizedBlocks();
      const { reports } = await quantizeModel(checkpoint, recipe, { ort, threads: 1, sequences, blocks });
      return reports.map(({ output }) => output!.mse);
    };
    const [better, plain] = [await errors(recipeOf(name)), await errors(recipeOf('rtn-w3g32'))];
    const sum = (values: number[]): number => values.slice(0, 7).reduce((a, b) => a + b); // of the first block: later inputs differ
    expect(sum(better)).toBeLessThan(sum(plain));
  });

  it('goes on where it was stopped, to the same bytes', async () => {
    const recipe = recipeOf('gptq-w4g32');
    const whole = openQuantizedFolder(join(folder, 'whole'), checkpoint, recipe);
    const parts = openQuantizedFolder(join(folder, 'parts'), checkpoint, recipe);
    const options = { ort, threads: 1, sequences };
    await quantizeModel(checkpoint, recipe, { ...options, blocks: whole });
    const controller = new AbortController();
    const stopped = quantizeModel(checkpoint, recipe, {
      ...options,
      blocks: parts,
      signal: controller.signal,
      onProgress: ({ detail }) => detail?.startsWith('block 3') && controller.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(await readdir(join(folder, 'parts'))).toHaveLength(2);
    const done: number[] = [];
    const record = await quantizeModel(checkpoint, recipe, {
      ...options,
      blocks: parts,
      onProgress: (event) => done.push(event.done / event.total),
    });
    expect(record.resumed).toBe(2);
    expect(record.reports).toHaveLength(3 * 7);
    expect(done.at(-1)).toBe(1);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(await scoresOf(recipe, parts)).toEqual(await scoresOf(recipe, whole));
    for (let layer = 0; layer < 3; layer++) {
      const [a, b] = [await whole.read(layer), await parts.read(layer)];
      expect(a!.fingerprint).toBe(b!.fingerprint);
      for (const [i, { quantized }] of a!.linears.entries()) {
        expect(b!.linears[i]!.quantized.stored).toEqual(quantized.stored);
      }
    }
    const others = await quantizeModel(checkpoint, recipe, {
      ...options,
      sequences: sequences.slice(1),
      blocks: parts,
    });
    expect(others.resumed).toBe(0);
  });

  it('keeps what a recipe leaves alone', async () => {
    const plain = recipeOf('gptq-w3g32');
    const recipe: Recipe = {
      ...plain,
      name: 'some',
      roles: { ...plain.roles, 'mlp.down': null, 'attn.out': null },
    };
    const blocks = createQuantizedBlocks();
    const { reports } = await quantizeModel(checkpoint, recipe, { ort, threads: 1, sequences, blocks });
    expect(new Set(reports.map(({ place }) => place))).toEqual(new Set(['q', 'k', 'v', 'gate', 'up']));
    expect((await scoresOf(recipe, blocks)).every(Number.isFinite)).toBe(true);
  });

  it('refuses missing calibration, short sequences, unknown tokens and a foreign folder', async () => {
    const recipe = recipeOf('awq-w4g32');
    const blocks = openQuantizedFolder(folder, checkpoint, recipe);
    const run = (given: number[][]) => quantizeModel(checkpoint, recipe, { ort, sequences: given, blocks });
    await expect(run([])).rejects.toThrow(
      'recipe "awq-w4g32" needs calibration, expected sequences of token ids',
    );
    await expect(run([[1, 2], [3]])).rejects.toThrow(
      'too short, expected at least 2 tokens, received 1 (sequence 1)',
    );
    await expect(run([[1, 97]])).rejects.toThrow('token id outside the vocabulary');
    await run(sequences);
    const foreign = openQuantizedFolder(folder, checkpoint, {
      ...recipe,
      roles: { ...recipe.roles, 'attn.qkv': null },
    });
    await expect(foreign.read(0)).rejects.toThrow('"q" is quantized, which recipe "awq-w4g32" does not do');
    await writeFile(
      join(folder, 'block-00001.safetensors'),
      Buffer.concat([Buffer.alloc(8, 0), Buffer.from('x')]),
    );
    await expect(blocks.read(1)).rejects.toThrow('block-00001.safetensors');
    await truncate(join(folder, 'block-00002.safetensors'), 1000);
    await expect(blocks.read(2)).rejects.toThrow('block-00002.safetensors');
    await expect(scoresOf(recipe, createQuantizedBlocks())).rejects.toThrow(
      'block 0 of recipe "awq-w4g32" is not quantized yet',
    );
  });
});
