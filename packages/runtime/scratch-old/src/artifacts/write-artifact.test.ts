import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '@bitcliff/core';
import { openTensorFolder } from '@bitcliff/formats/node';
import { type Recipe, resolveRecipes } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goldenFolder, maxDifference } from '../../test/helpers/golden.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { createEngine } from '../engine/engine.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import { type QuantizeModelRecord, quantizeModel } from '../quantize-model/quantize-model.ts';
import { createQuantizedBlocks, type QuantizedBlocks } from '../quantize-model/quantized-blocks.ts';
import { transpose } from '../transpose.ts';
import { readBlock } from '../weights.ts';
import { artifactFormats } from './artifact-formats.ts';
import { foldableRecipe } from './fold-target.ts';
import { type WriteArtifactOptions, writeArtifact } from './write-artifact.node.ts';

const source = { checkpoint: 'golden', calibration: 'random', seed: 4 };

let folder: string;
let open: Checkpoint[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-test-'));
  open = [];
});
afterEach(async () => {
  for (const checkpoint of open) await checkpoint.close();
  await rm(folder, { recursive: true });
});

const recipeOf = (name: string): Recipe => resolveRecipes([name])[0]!;

async function openModel(path: string): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(path);
  open.push(checkpoint);
  return checkpoint;
}

function sequencesFor({ spec }: Checkpoint): number[][] {
  const rng = createRng(4);
  return Array.from({ length: 5 }, () => Array.from({ length: 24 }, () => rng.int(spec.vocabularySize)));
}

async function quantize(
  checkpoint: Checkpoint,
  recipe: Recipe,
): Promise<{ record: QuantizeModelRecord; blocks: QuantizedBlocks }> {
  const blocks = createQuantizedBlocks();
  const sequences = sequencesFor(checkpoint);
  return { record: await quantizeModel(checkpoint, recipe, { ort, threads: 1, blocks, sequences }), blocks };
}

async function scoresOf(
  checkpoint: Checkpoint,
  recipe?: Recipe,
  blocks?: QuantizedBlocks,
): Promise<number[]> {
  const engine = await createEngine(checkpoint, {
    ort,
    threads: 1,
    baseline: recipe === undefined,
    recipes: recipe ? [recipe] : [],
    ...(recipe && blocks ? { quantized: new Map([[recipe.name, blocks]]) } : {}),
  });
  const requests = sequencesFor(checkpoint).map((ids) => ({
    context: ids.slice(0, 12),
    continuation: ids.slice(12),
  }));
  const [variant] = await engine.score(requests);
  await engine.dispose();
  return variant!.scores.map(({ logProb }) => logProb);
}

/** The model under a recipe written down and opened again. */
async function roundTrip(model: string, recipeName: string, format: WriteArtifactOptions['format']) {
  const checkpoint = await openModel(goldenFolder(model));
  const recipe = foldableRecipe(checkpoint, recipeOf(recipeName));
  const { record, blocks } = await quantize(checkpoint, recipe);
  const dir = join(folder, 'out');
  const manifest = await writeArtifact(checkpoint, dir, { format, record, blocks, source });
  const back = await openModel(dir);
  const config = JSON.parse(await readFile(join(dir, 'config.json'), 'utf8')).quantization_config;
  return { checkpoint, recipe, blocks, manifest, back, config, dir };
}

describe('writeArtifact', () => {
  it.each<[string, string, WriteArtifactOptions['format']]>([
    ['llama', 'gptq-w4g32', 'gptq'],
    ['llama', 'gptq-w8g16', 'gptq'],
    ['llama', 'gptq-static-w2g32', 'gptq'],
    ['llama', 'rtn-w4g32', 'awq'],
    ['llama', 'rtn-w5g32', 'compressed-tensors'],
    ['llama', 'gptq-w3g32', 'compressed-tensors'],
    ['llama', 'rtn-w3g32+qkv8', 'compressed-tensors'],
    ['llama', 'w4', 'compressed-tensors'],
    ['llama', 'fp8', 'compressed-tensors'],
    ['gpt_neox_fp16', 'gptq-w4g32', 'gptq'],
    ['gpt_neox_fp16', 'rtn-w4g16', 'awq'],
    ['gpt_neox_fp16', 'fp8', 'compressed-tensors'],
    ['gpt2_hub_names', 'gptq-w4g16', 'gptq'],
  ])('%s under %s as %s comes back with the same weights and scores', async (model, name, format) => {
    const { checkpoint, recipe, blocks, back, manifest } = await roundTrip(model, name, format);
    for (let layer = 0; layer < checkpoint.spec.layers; layer++) {
      const { linears } = await readBlock(back, layer);
      const block = await blocks.read(layer);
      for (const { module, weight } of linears) {
        const { linear } = block!.linears.find(({ place }) => place === module.place)!.quantized;
        const expected = linear.kind === 'float' ? linear.weight : new Float32Array();
        expect(weight).toEqual(transpose(expected, module.inFeatures, module.outFeatures));
      }
    }
    expect(await scoresOf(back)).toEqual(await scoresOf(checkpoint, recipe, blocks));
    expect(manifest).toMatchObject({ format, recipe: { name }, folded: [], source });
    expect(manifest.reports).toHaveLength(checkpoint.spec.layers * checkpoint.layout.block(0).linears.length);
  });

  it.each<[string, string, WriteArtifactOptions['format'], number]>([
    // scales of up and v take up those of down and attnOut, and are rounded to F16 in two of the formats
    ['llama', 'awq-w4g32', 'awq', 5e-3],
    ['llama', 'awq-w4g32', 'gptq', 5e-3],
    ['llama', 'awq-w5g32', 'compressed-tensors', 1e-4],
    ['llama_bf16', 'awq-autoawq-w4g8', 'compressed-tensors', 1e-4],
    ['qwen2', 'awq-w4g8', 'compressed-tensors', 1e-4],
    ['gemma', 'awq-w4g8', 'compressed-tensors', 1e-4],
    ['gpt_neox_fp16', 'awq-w4g16', 'compressed-tensors', 1e-4],
    ['gpt_neox_sequential', 'awq-w4g16', 'gptq', 5e-3],
  ])('%s under %s as %s: input scales are folded', async (model, name, format, bound) => {
    const { checkpoint, recipe, blocks, back, manifest } = await roundTrip(model, name, format);
    expect(manifest.folded.length).toBeGreaterThan(0);
    const difference = maxDifference(await scoresOf(back), await scoresOf(checkpoint, recipe, blocks));
    expect(difference).toBeLessThan(bound);
    expect(maxDifference(await scoresOf(back), await scoresOf(checkpoint))).toBeGreaterThan(10 * bound);
    for (const tensor of manifest.folded)
      if (!tensor.includes('proj.weight')) expect(back.tensors.info(tensor).dtype).toBe('F32');
  });

  it('floating-point layers of a fused tensor take scales up too', async () => {
    const checkpoint = await openModel(goldenFolder('gpt_neox_sequential'));
    const awq = foldableRecipe(checkpoint, recipeOf('awq-w4g16'));
    const recipe: Recipe = { ...awq, name: 'out-only', roles: { ...awq.roles, 'attn.qkv': null } };
    const { record, blocks } = await quantize(checkpoint, recipe);
    const dir = join(folder, 'out');
    const format = 'compressed-tensors';
    const { folded } = await writeArtifact(checkpoint, dir, { format, record, blocks, source });
    expect(folded).toContain('gpt_neox.layers.0.attention.query_key_value.weight');
    expect(folded).toContain('gpt_neox.layers.0.attention.query_key_value.bias');
    const back = await openModel(dir);
    expect(maxDifference(await scoresOf(back), await scoresOf(checkpoint, recipe, blocks))).toBeLessThan(
      1e-4,
    );
  });

  it('symmetric weights are GPTQ v1', async () => {
    const checkpoint = await openModel(goldenFolder('llama'));
    const plain = recipeOf('gptq-w4g32');
    const roles = Object.entries(plain.roles).map(([role, policy]) => {
      const weights = { ...policy!.weights, symmetric: true };
      return [role, { ...policy, weights }];
    });
    const recipe = { ...plain, name: 'symmetric', roles: Object.fromEntries(roles) } as Recipe;
    const { record, blocks } = await quantize(checkpoint, recipe);
    const dir = join(folder, 'out');
    await writeArtifact(checkpoint, dir, { format: 'gptq', record, blocks, source });
    const { quantization_config } = JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'));
    expect(quantization_config).toMatchObject({ sym: true, checkpoint_format: 'gptq' });
    const tensors = await openTensorFolder(dir);
    const zeros = await tensors.read('model.layers.0.mlp.up_proj.qzeros');
    expect(new Set(zeros.data as Int32Array)).toEqual(new Set([0x77777777])); // 8 less one
    await tensors.close();
    const back = await openModel(dir);
    expect(await scoresOf(back)).toEqual(await scoresOf(checkpoint, recipe, blocks));
  });

  it('W8A8 comes back as the weights that its codes stand for', async () => {
    const { checkpoint, blocks, back, config } = await roundTrip('llama', 'w8a8', 'compressed-tensors');
    for (let layer = 0; layer < checkpoint.spec.layers; layer++) {
      const block = await blocks.read(layer);
      for (const { module, weight } of (await readBlock(back, layer)).linears) {
        const { linear } = block!.linears.find(({ place }) => place === module.place)!.quantized;
        if (linear.kind !== 'int8') throw new Error('not int8');
        const N = module.outFeatures;
        const expected = Float32Array.from(linear.codes, (code, i) => code * linear.scale[i % N]!);
        expect(weight).toEqual(transpose(expected, module.inFeatures, N));
      }
    }
    expect(config).toMatchObject({
      format: 'int-quantized',
      config_groups: { group_0: { input_activations: { num_bits: 8, strategy: 'token', dynamic: true } } },
    });
  });

  it('SmoothQuant: the scales go into the norms', async () => {
    const { checkpoint, back, manifest, config } = await roundTrip(
      'llama',
      'smoothquant-w8a8',
      'compressed-tensors',
    );
    expect(manifest.recipe.name).toBe('smoothquant-w8a8+unscaled.out');
    expect(config.format).toBe('int-quantized');
    // 8 bits: near the original
    const [original, written] = [await scoresOf(checkpoint), await scoresOf(back)];
    expect(maxDifference(original, written)).toBeLessThan(0.05 * Math.abs(original[0]!));
    expect(manifest.folded).toContain('model.layers.0.input_layernorm.weight');
    expect(manifest.folded).not.toContain('model.layers.0.self_attn.v_proj.weight');
  });

  it('says what the programs expect in config.json', async () => {
    const gptq = await roundTrip('llama', 'gptq-w4g32', 'gptq');
    expect(gptq.config).toMatchObject({
      quant_method: 'gptq',
      bits: 4,
      group_size: 32,
      sym: false,
      desc_act: false,
      checkpoint_format: 'gptq_v2',
    });
    expect(gptq.config.dynamic).toBeUndefined();
    const tensors = await openTensorFolder(gptq.dir);
    const q = 'model.layers.0.self_attn.q_proj';
    expect(tensors.info(`${q}.qweight`)).toMatchObject({ dtype: 'I32', shape: [8, 64] });
    expect(tensors.has(`${q}.weight`)).toBe(false);
    expect(tensors.info('model.embed_tokens.weight').dtype).toBe('F32');
    await tensors.close();
    await rm(gptq.dir, { recursive: true });
    const mixed = await roundTrip('llama', 'rtn-w3g32+qkv8', 'compressed-tensors');
    const groups = mixed.config.config_groups;
    expect(mixed.config).toMatchObject({ quant_method: 'compressed-tensors', ignore: ['lm_head'] });
    expect(groups.group_0.weights).toMatchObject({ num_bits: 8, strategy: 'group', group_size: 32 });
    expect(groups.group_0.targets).toContain(q);
    expect(groups.group_1.weights.num_bits).toBe(3);
    await rm(mixed.dir, { recursive: true });
    const awq = await roundTrip('llama', 'rtn-w4g32', 'awq');
    expect(awq.config).toEqual({
      quant_method: 'awq',
      version: 'gemm',
      bits: 4,
      group_size: 32,
      zero_point: true,
      modules_to_not_convert: ['lm_head'],
    });
  });

  it('leaves alone what the recipe leaves alone, in the stored dtype', async () => {
    const checkpoint = await openModel(goldenFolder('llama_bf16'));
    const plain = recipeOf('rtn-w4g32');
    const recipe: Recipe = { ...plain, name: 'some', roles: { ...plain.roles, 'mlp.down': null } };
    const { record, blocks } = await quantize(checkpoint, recipe);
    for (const format of ['compressed-tensors', 'gptq', 'awq'] as const) {
      const dir = join(folder, format);
      const manifest = await writeArtifact(checkpoint, dir, { format, record, blocks, source });
      expect(manifest.ignored).toContain('model.layers.0.mlp.down_proj');
      const back = await openModel(dir);
      expect(back.tensors.info('model.layers.0.mlp.down_proj.weight').dtype).toBe('BF16');
      expect(maxDifference(await scoresOf(back), await scoresOf(checkpoint, recipe, blocks))).toBeLessThan(
        2e-5,
      );
      const text = await readFile(join(dir, 'config.json'), 'utf8');
      expect(text).toContain('down_proj');
    }
  });

  it('writes the same bytes for the same inputs, in shards too, and no half artifact', async () => {
    const checkpoint = await openModel(goldenFolder('llama'));
    const files: Buffer[][] = [];
    await mkdir(join(folder, 'b')); // an empty folder is as good as none
    for (const name of ['a', 'b']) {
      const { record, blocks } = await quantize(checkpoint, recipeOf('gptq-w4g32'));
      const dir = join(folder, name);
      await writeArtifact(checkpoint, dir, { format: 'gptq', record, blocks, source, maxShardBytes: 20_000 });
      const names = (await readdir(dir)).sort();
      expect(names.filter((file) => file.endsWith('.safetensors')).length).toBeGreaterThan(1);
      files.push(await Promise.all(names.map((file) => readFile(join(dir, file)))));
    }
    expect(files[0]).toEqual(files[1]);

    const { record, blocks } = await quantize(checkpoint, recipeOf('rtn-w4g32'));
    const options = { format: 'gptq', record, blocks, source } as const;
    const full = new Error('ENOSPC: no space left on device, write');
    let written = 0;
    const failing = { ...options, onProgress: () => void (written++ === 5 && fail(full)) };
    await expect(writeArtifact(checkpoint, join(folder, 'c'), failing)).rejects.toThrow(full);
    await expect(
      writeArtifact(checkpoint, join(folder, 'c'), { ...options, signal: AbortSignal.abort(full) }),
    ).rejects.toThrow(full);
    expect((await readdir(folder)).sort()).toEqual(['a', 'b']);
    await writeFile(join(folder, 'b', 'note.txt'), '');
    await expect(writeArtifact(checkpoint, join(folder, 'b'), options)).rejects.toThrow('the output exists');
  });

  it.each<[string, string, WriteArtifactOptions['format'], string]>([
    [
      'llama',
      'rtn-w5g32',
      'awq',
      'awq cannot hold recipe "rtn-w5g32", expected one of: compressed-tensors, received 5 bits',
    ],
    [
      'llama',
      'mxfp4',
      'gptq',
      'gptq cannot hold recipe "mxfp4", expected another recipe: no format holds this one, received mxfp4 weights',
    ],
    ['llama', 'llm-int8', 'compressed-tensors', 'LLM.int8()'],
    ['llama', 'w8a8', 'gptq', 'expected one of: compressed-tensors, onnx, received quantized activations'],
    ['llama', 'hqq-w4g32', 'awq', 'zero points that are not integers'],
    ['gpt2_hub_names', 'rtn-w4g16', 'awq', 'expected one of: gptq, onnx, received a Conv1D layer'],
  ])('refuses %s under %s as %s', async (model, name, format, message) => {
    const checkpoint = await openModel(goldenFolder(model));
    const recipe = recipeOf(name);
    const record = { recipe, methodVersions: {} as never, calibration: null, reports: [], resumed: 0 };
    const options = { format, record, blocks: createQuantizedBlocks(), source };
    await expect(writeArtifact(checkpoint, join(folder, 'x'), options)).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses blocks that are not there', async () => {
    const checkpoint = await openModel(goldenFolder('llama'));
    const record = {
      recipe: recipeOf('rtn-w4g32'),
      methodVersions: {} as never,
      calibration: null,
      reports: [],
      resumed: 0,
    };
    for (const format of ['gptq', 'onnx'] as const) {
      const options = { format, record, blocks: createQuantizedBlocks(), source };
      await expect(writeArtifact(checkpoint, join(folder, 'x'), options)).rejects.toThrow(
        'block 0 of recipe "rtn-w4g32" is not quantized yet',
      );
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('lists the formats of a recipe', async () => {
    const checkpoint = await openModel(goldenFolder('llama'));
    const formats = (name: string) => artifactFormats(checkpoint, recipeOf(name));
    expect(formats('rtn-w4g32')).toEqual(['compressed-tensors', 'gptq', 'awq', 'onnx']);
    expect(formats('w8a8')).toEqual(['compressed-tensors', 'onnx']);
    expect(formats('rtn-w3g32')).toEqual(['compressed-tensors', 'gptq']);
    expect(formats('rtn-w5g32')).toEqual(['compressed-tensors']);
    expect(formats('nvfp4')).toEqual([]);
  });
});

function fail(error: Error): never {
  throw error;
}
