import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '@bitcliff/core';
import { type Recipe, resolveRecipes } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goldenFolder, maxDifference } from '../../test/helpers/golden.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { createEngine } from '../engine/engine.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import { quantizeModel } from '../quantize-model/quantize-model.ts';
import { createQuantizedBlocks } from '../quantize-model/quantized-blocks.ts';
import { writeArtifact } from './write-artifact.node.ts';

const TOKENS = 12;
const source = { checkpoint: 'golden', calibration: 'random', seed: 4 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Greedy tokens by a program that knows nothing but the names of inputs and outputs; and the logits of the prompt. */
async function generate(
  session: ort.InferenceSession,
  { spec }: Checkpoint,
  prompt: readonly number[],
): Promise<{ tokens: number[]; logits: Float32Array }> {
  const { heads, headDim } = spec.attention;
  let past: Record<string, ort.Tensor> = {};
  for (let layer = 0; layer < spec.layers; layer++) {
    for (const name of ['key', 'value']) {
      const empty = new ort.Tensor('float32', new Float32Array(), [1, heads, 0, headDim]);
      past[`past_key_values.${layer}.${name}`] = empty;
    }
  }
  const tokens: number[] = [];
  let logits = new Float32Array();
  let input = prompt;
  for (let at = 0; tokens.length < TOKENS; at += input.length, input = [tokens.at(-1)!]) {
    const integers = (values: readonly number[]): ort.Tensor =>
      new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
    const feeds = {
      ...past,
      input_ids: integers(input),
      position_ids: integers(input.map((_, i) => at + i)),
    };
    const out = await session.run(feeds);
    const data = out.logits!.data as Float32Array;
    if (at === 0) logits = Float32Array.from(data);
    const last = data.subarray(data.length - spec.vocabularySize);
    tokens.push(last.indexOf(Math.max(...last)));
    past = Object.fromEntries(
      Object.keys(past).map((name) => [name, out[name.replace('past_key_values', 'present')]!]),
    );
  }
  return { tokens, logits };
}

describe('the ONNX decoder', () => {
  it.each([
    ['llama', 'rtn-w4g32'],
    ['llama', 'awq-w8g16'], // grouped heads: nothing has to be folded
    ['llama', 'gptq-w4'],
    ['llama', 'w8a8'],
    ['llama', 'smoothquant-w8a8'],
    ['llama', 'llm-int8-tokens'],
    ['gpt2_hub_names', 'rtn-w4g16'],
    ['gpt_neox_fp16', 'rtn-w8g16'],
    ['bloom_6heads_hub_names', 'rtn-w8g16'],
    ['opt_postnorm', 'rtn-w8g16'],
    ['mistral_window8', 'rtn-w8'],
    ['qwen2_window_upper_layers', 'w8a8'],
    ['qwen3', 'rtn-w8'],
    ['gemma', 'rtn-w8'],
    ['phi', 'rtn-w8g16'],
    ['cohere_qknorm', 'rtn-w8g16'],
    ['olmo2', 'rtn-w8g16'],
    ['olmo_clip', 'w8a8'],
  ])('%s under %s: the same greedy tokens as engine.generate', async (model, name) => {
    const checkpoint = await openCheckpoint(goldenFolder(model));
    const recipe = recipeOf(name);
    const blocks = createQuantizedBlocks();
    const rng = createRng(8);
    const ids = (count: number) =>
      Array.from({ length: count }, () => rng.int(checkpoint.spec.vocabularySize));
    const sequences = [ids(20), ids(24)];
    const record = await quantizeModel(checkpoint, recipe, { ort, threads: 1, blocks, sequences });
    const quantized = new Map([[recipe.name, blocks]]);
    const engine = await createEngine(checkpoint, {
      ort,
      threads: 1,
      baseline: false,
      recipes: [recipe],
      quantized,
    });
    const dir = join(folder, 'out');
    const manifest = await writeArtifact(checkpoint, dir, { format: 'onnx', record, blocks, source });
    expect(manifest.folded).toEqual([]);
    const session = await ort.InferenceSession.create(join(dir, 'model.onnx'));
    try {
      const prompt = ids(11);
      const { tokens, logits } = await generate(session, checkpoint, prompt);
      const [expected] = await engine.logits(prompt);
      expect(maxDifference(logits, expected!.logits)).toBeLessThan(2e-3);
      const wanted = await engine.generate(prompt, { maxTokens: TOKENS, stopTokens: [] });
      expect(tokens).toEqual(wanted.tokens);
    } finally {
      await session.release();
      await engine.dispose();
      await checkpoint.close();
    }
  });

  it('lies in a folder with its weights outside the model, the same bytes every time', async () => {
    const checkpoint = await openCheckpoint(goldenFolder('llama'));
    const recipe = recipeOf('rtn-w4g32');
    const files: Buffer[][] = [];
    for (const name of ['a', 'b']) {
      const blocks = createQuantizedBlocks();
      const record = await quantizeModel(checkpoint, recipe, { ort, blocks });
      const dir = join(folder, name);
      await writeArtifact(checkpoint, dir, { format: 'onnx', record, blocks, source });
      const names = (await readdir(dir)).sort();
      expect(names).toContain('layers.0.q.codes');
      expect(names).toContain('embedding.weight');
      files.push(await Promise.all(names.map((file) => readFile(join(dir, file)))));
    }
    expect(files[0]).toEqual(files[1]);
    await checkpoint.close();
  });

  it.each([
    ['rtn-w3g32', 'expected one of: compressed-tensors, gptq, received 3 bits'],
    ['rtn-w4g24', 'received groups of 24'],
    ['llm-int8-batch', 'received outlier columns of a whole batch'],
    ['fp8', 'received float8 weights'],
  ])('does not hold %s', async (name, message) => {
    const checkpoint = await openCheckpoint(goldenFolder('llama'));
    const record = {
      recipe: recipeOf(name),
      methodVersions: {} as never,
      calibration: null,
      reports: [],
      resumed: 0,
    };
    const options = { format: 'onnx', record, blocks: createQuantizedBlocks(), source } as const;
    await expect(writeArtifact(checkpoint, join(folder, 'x'), options)).rejects.toThrow(message);
    await checkpoint.close();
  });
});

/** A recipe by name; `llm-int8-tokens` and `-batch` are LLM.int8() with that scope and a threshold that these models reach. */
function recipeOf(name: string): Recipe {
  const [, scope] = /^llm-int8-(tokens|batch)$/.exec(name) ?? [];
  if (scope === undefined) return resolveRecipes([name])[0]!;
  const plain = resolveRecipes(['llm-int8'])[0]!;
  const method = { name: 'llm-int8', threshold: 1.5, scope: scope === 'batch' ? 'batch' : 'token' } as const;
  const roles = Object.entries(plain.roles).map(([role, policy]) => [role, policy && { ...policy, method }]);
  return { ...plain, name, roles: Object.fromEntries(roles) };
}
