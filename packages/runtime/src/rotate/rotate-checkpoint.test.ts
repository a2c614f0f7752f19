import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveRecipes } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goldenFolder, maxDifference, readGolden } from '../../test/helpers/golden.ts';
import { createEngine } from '../engine/engine.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import { readBlock } from '../weights.ts';
import { rotateCheckpoint } from './rotate-checkpoint.node.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function logitsOf(path: string, ids: readonly number[]): Promise<Float32Array> {
  const checkpoint = await openCheckpoint(path);
  const engine = await createEngine(checkpoint, { ort, threads: 1 });
  const [variant] = await engine.logits(ids);
  await engine.dispose();
  await checkpoint.close();
  return variant!.logits;
}

describe('rotateCheckpoint', () => {
  it.each(['llama', 'llama_bf16', 'llama_sharded', 'mistral_window8', 'qwen2', 'qwen3', 'gemma'])(
    '%s: the logits stay',
    async (model) => {
      const out = join(folder, 'out');
      const checkpoint = await openCheckpoint(goldenFolder(model));
      await rotateCheckpoint(checkpoint, out, { seed: 3 });
      const ids = readGolden(model).sequences[0]!.input_ids;
      const [before, after] = [await logitsOf(goldenFolder(model), ids), await logitsOf(out, ids)];
      const size = before.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
      const difference = maxDifference(after, before) / size;
      expect(difference, `max |difference| ${difference} of the largest logit`).toBeLessThan(2e-5);

      const rotated = await openCheckpoint(out);
      expect(rotated.tensors.info(rotated.layout.embedding).dtype).toBe('F32');
      const gain = (await readBlock(rotated, 0)).norms.attention.gain!;
      expect(new Set(gain)).toEqual(new Set([1]));
      const [own, other] = [await readBlock(checkpoint, 0), await readBlock(rotated, 0)];
      for (const [i, { weight }] of own.linears.entries())
        expect(maxDifference(other.linears[i]!.weight, weight)).toBeGreaterThan(1e-3);
      await rotated.close();
      await checkpoint.close();
    },
  );

  it('spreads an outlier dimension, so that rounding does less harm', async () => {
    const out = join(folder, 'out');
    const checkpoint = await openCheckpoint(goldenFolder('llama'));
    const { hiddenSize: H, vocabularySize: V } = checkpoint.spec;
    const { tensors } = checkpoint;
    // one dimension of the hidden states a hundred times the others: its weights are what rounding to a range per output forgets
    const outlier = {
      ...checkpoint,
      tensors: {
        ...tensors,
        readFloat32: async (name: string, options = {}) => {
          const data = (await tensors.readFloat32(name, options)).slice();
          const { shape } = tensors.info(name);
          if (name === checkpoint.layout.embedding && shape[0] === V)
            for (let i = 5; i < data.length; i += H) data[i]! *= 100;
          if (/q_proj|k_proj|v_proj|gate_proj|up_proj/.test(name))
            for (let i = 5; i < data.length; i += H) data[i]! *= 30;
          return data;
        },
      },
    };
    await rotateCheckpoint(outlier, out);
    const rotated = await openCheckpoint(out);
    const errors = async (of: typeof checkpoint): Promise<number> => {
      const engine = await createEngine(of, { ort, threads: 1, recipes: resolveRecipes(['w4']) });
      const [plain, quantized] = await engine.logits(readGolden('llama').sequences[0]!.input_ids);
      await engine.dispose();
      const sum = (values: Float32Array): number => values.reduce((total, x) => total + x * x, 0);
      return sum(quantized!.logits.map((x, i) => x - plain!.logits[i]!)) / sum(plain!.logits);
    };
    expect(await errors(rotated)).toBeLessThan(0.5 * (await errors(outlier)));
    await rotated.close();
    await checkpoint.close();
  });

  it('gives the same bytes for a seed, and refuses what it cannot rotate', async () => {
    const checkpoint = await openCheckpoint(goldenFolder('llama'));
    const ids = [1, 2, 3];
    for (const [name, seed] of [
      ['a', 1],
      ['b', 1],
      ['c', 2],
    ] as const)
      await rotateCheckpoint(checkpoint, join(folder, name), { seed });
    const embedding = async (name: string): Promise<Float32Array> => {
      const rotated = await openCheckpoint(join(folder, name));
      const data = await rotated.tensors.readFloat32(rotated.layout.embedding);
      await rotated.close();
      return data;
    };
    expect(await embedding('a')).toEqual(await embedding('b'));
    expect(await embedding('a')).not.toEqual(await embedding('c'));
    expect(
      maxDifference(await logitsOf(join(folder, 'a'), ids), await logitsOf(join(folder, 'c'), ids)),
    ).toBeLessThan(1e-4);
    await expect(rotateCheckpoint(checkpoint, join(folder, 'a'))).rejects.toThrow('the output exists');
    await checkpoint.close();
    for (const [model, received] of [
      ['gpt2_hub_names', 'LayerNorms, which take the mean of the hidden states'],
      ['gpt_neox_fp16', 'LayerNorms'],
      ['olmo2', 'norms on what blocks put out'],
    ] as const) {
      const other = await openCheckpoint(goldenFolder(model));
      await expect(rotateCheckpoint(other, join(folder, 'x'))).rejects.toThrow(received);
      await other.close();
    }
    expect((await readdir(folder)).sort()).toEqual(['a', 'b', 'c']);
  });
});
