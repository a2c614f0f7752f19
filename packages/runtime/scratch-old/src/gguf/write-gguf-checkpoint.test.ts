import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BitcliffError } from '@bitcliff/core';
import { type QuantizableType, quantizeBlocks } from '@bitcliff/formats';
import { openGgufFile } from '@bitcliff/formats/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goldenFolder, maxDifference } from '../../test/helpers/golden.ts';
import { tinyCheckpoint } from '../../test/helpers/tiny-checkpoint.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import { referenceForward } from '../reference/reference-forward.ts';
import { ggufTensorType } from './gguf-tensors.ts';
import { writeGgufCheckpoint } from './write-gguf-checkpoint.node.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-gguf-'));
  path = join(folder, 'model.gguf');
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const IDS = [3, 17, 2, 39, 8, 8, 21];
const logits = async (checkpoint: Checkpoint): Promise<Float64Array> =>
  (await referenceForward(checkpoint, IDS)).logits;

describe('ggufTensorType', () => {
  it.each<[string, number[], QuantizableType, QuantizableType]>([
    ['blk.0.attn_norm.weight', [256], 'Q4_0', 'F32'],
    ['blk.0.attn_q.bias', [256], 'F16', 'F32'],
    ['position_embd.weight', [64, 256], 'Q8_0', 'F32'],
    ['token_embd.weight', [100, 256], 'Q4_K', 'Q4_K'],
    ['output.weight', [100, 256], 'F16', 'F16'],
    ['blk.0.ffn_up.weight', [256, 96], 'Q4_K', 'Q5_0'],
    ['blk.0.ffn_up.weight', [256, 96], 'Q5_K', 'Q5_1'],
    ['blk.0.ffn_up.weight', [256, 96], 'Q6_K', 'Q8_0'],
    ['blk.0.ffn_up.weight', [256, 36], 'Q6_K', 'F16'],
    ['blk.0.ffn_up.weight', [256, 36], 'Q8_0', 'F16'],
    ['blk.0.ffn_up.weight', [256, 36], 'BF16', 'BF16'],
  ])('%s %j as %s is %s', (name, shape, wanted, type) => {
    expect(ggufTensorType(name, shape, wanted)).toBe(type);
  });
});

describe('writeGgufCheckpoint', () => {
  it.each<QuantizableType>(['F16', 'BF16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q4_K', 'Q5_K', 'Q6_K'])(
    'stores every matrix as %s where rows are whole blocks',
    async (type) => {
      const source = await tinyCheckpoint({ hidden_size: 256, intermediate_size: 512 });
      const { types, fallbacks } = await writeGgufCheckpoint(source, path, { type, tokenizer: null });
      expect(fallbacks).toEqual([]);
      expect([...types].filter(([, own]) => own !== type).map(([name]) => name)).toEqual([
        'blk.0.attn_norm.weight',
        'blk.0.ffn_norm.weight',
        'output_norm.weight',
      ]);
      const file = await openGgufFile(path);
      const down = await source.tensors.readFloat32('model.layers.0.mlp.down_proj.weight');
      expect(await file.readBytes('blk.0.ffn_down.weight')).toEqual(
        quantizeBlocks(type, down, { rowLength: 512 }),
      );
      await file.close();
    },
  );

  it('names the matrices that fall back, and the metadata that llama.cpp reads', async () => {
    const source = await tinyCheckpoint({ head_dim: 9 - 1, intermediate_size: 40 });
    const { fallbacks } = await writeGgufCheckpoint(source, path, { type: 'Q4_0', tokenizer: null });
    expect(fallbacks).toEqual(['blk.0.ffn_down.weight']);
    const file = await openGgufFile(path);
    const values = Object.fromEntries([...file.fields].map(([key, { value }]) => [key, value]));
    expect(values).toEqual({
      'general.architecture': 'llama',
      'general.name': 'model',
      'general.file_type': 2,
      'general.quantization_version': 2,
      'llama.block_count': 1,
      'llama.context_length': 64,
      'llama.embedding_length': 32,
      'llama.feed_forward_length': 40,
      'llama.vocab_size': 40,
      'llama.attention.head_count': 4,
      'llama.attention.head_count_kv': 2,
      'llama.attention.key_length': 8,
      'llama.attention.value_length': 8,
      'llama.attention.layer_norm_rms_epsilon': Math.fround(1e-5),
      'llama.rope.dimension_count': 8,
      'llama.rope.freq_base': 10000,
      'tokenizer.ggml.model': 'none',
    });
    await file.close();
  });

  it('puts q and k into rotary pairs for llama, not for qwen2', async () => {
    for (const model_type of ['llama', 'qwen2']) {
      const source = await tinyCheckpoint({ model_type });
      await writeGgufCheckpoint(source, path, { type: 'F32', tokenizer: null });
      const file = await openGgufFile(path);
      const [own, written] = [
        await source.tensors.readFloat32('model.layers.0.self_attn.q_proj.weight'),
        await file.readFloat32('blk.0.attn_q.weight'),
      ];
      // head 1 (rows 8 to 15): row 9 of the file is the partner of row 8, which is 12 = 8 + 8/2 in the checkpoint
      const row = (model_type === 'llama' ? 12 : 9) * 32;
      expect(written.subarray(9 * 32, 10 * 32)).toEqual(own.subarray(row, row + 32));
      await file.close();
    }
  });

  it('stores q, then k, then v for gptneox and gpt2, outputs first', async () => {
    for (const [model, name, at] of [
      // 3 heads of 16 features, 48 wide: k of head 1, feature 2 is row (1 · 3 + 1) · 16 + 2 of query_key_value [144, 48]
      ['gpt_neox_fp16', 'gpt_neox.layers.0.attention.query_key_value.weight', (k: number) => 66 * 48 + k],
      // 32 wide: k's output 18 is column 32 + 18 of c_attn [32, 96]
      ['gpt2_hub_names', 'h.0.attn.c_attn.weight', (k: number) => k * 96 + 50],
    ] as const) {
      const source = await openCheckpoint(goldenFolder(model));
      await writeGgufCheckpoint(source, path, { type: 'F32' });
      const file = await openGgufFile(path);
      const own = await source.tensors.readFloat32(name);
      const written = await file.readFloat32('blk.0.attn_qkv.weight');
      const H = source.spec.hiddenSize;
      const row = H + 18; // k's output 18: head 1, feature 2 of gptneox
      expect(file.info('blk.0.attn_qkv.weight').shape).toEqual([3 * H, H]);
      expect([...written.subarray(row * H, (row + 1) * H)]).toEqual(
        Array.from({ length: H }, (_, k) => own[at(k)]!),
      );
      await file.close();
      await source.close();
    }
  });

  it.each<[string, object]>([
    ['linear', { rope_scaling: { type: 'linear', factor: 2 } }],
    ['yarn', { rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 16 } }],
    [
      'yarn with its own factor',
      { rope_scaling: { rope_type: 'yarn', factor: 8, attention_factor: 1.25, beta_fast: 16, beta_slow: 2 } },
    ],
    [
      'llama3',
      {
        rope_scaling: {
          rope_type: 'llama3',
          factor: 8,
          low_freq_factor: 1,
          high_freq_factor: 4,
          original_max_position_embeddings: 64,
        },
      },
    ],
  ])('rope scaling %s survives', async (_, change) => {
    for (const model_type of ['llama', 'qwen2']) {
      const source = await tinyCheckpoint({ ...change, model_type });
      await writeGgufCheckpoint(source, path, { type: 'F32', tokenizer: null });
      const checkpoint = await openCheckpoint(path);
      const worst = maxDifference(await logits(checkpoint), await logits(source));
      expect(worst, `max |diff| of ${model_type} ${worst}`).toBeLessThan(1e-6);
      await checkpoint.close();
    }
  });

  it('writes a GGUF checkpoint again in another type, metadata included', async () => {
    const source = { ...(await tinyCheckpoint()), metadata: { step: 300, learningRate: 0.01 } };
    await writeGgufCheckpoint(source, path, { type: 'F32', tokenizer: null });
    const first = await openCheckpoint(path);
    expect(first.metadata).toEqual({ step: 300, learningRate: 0.01 });
    await expect(first.tokenizer()).rejects.toThrow('the file has no tokenizer');
    const second = join(folder, 'second.gguf');
    await writeGgufCheckpoint(first, second, { type: 'Q8_0' });
    const direct = join(folder, 'direct.gguf');
    await writeGgufCheckpoint(source, direct, { type: 'Q8_0', tokenizer: null, name: 'second' });
    const [a, b] = [await openGgufFile(second), await openGgufFile(direct)];
    expect([...a.fields]).toEqual([...b.fields]);
    for (const name of a.names()) expect(await a.readBytes(name)).toEqual(await b.readBytes(name));
    await Promise.all([first.close(), a.close(), b.close()]);
  });

  it.each<[string, object, string]>([
    [
      'another architecture',
      { model_type: 'mistral' },
      'one of: gpt2, gpt_neox, llama, qwen2, received mistral',
    ],
    [
      'another activation',
      { hidden_act: 'gelu' },
      'no key says the activation, expected silu, received gelu',
    ],
    [
      'windows',
      { model_type: 'qwen2', use_sliding_window: true, sliding_window: 8, max_window_layers: 0 },
      'no key of the family says the sliding window',
    ],
    ['dynamic scaling', { rope_scaling: { type: 'dynamic', factor: 2 } }, 'received dynamic'],
    [
      'yarn unrounded',
      { rope_scaling: { type: 'yarn', factor: 2, truncate: false } },
      'yarn with truncate false',
    ],
  ])('refuses %s', async (_, change, message) => {
    const source = await tinyCheckpoint(change);
    await expect(writeGgufCheckpoint(source, path, { type: 'F32', tokenizer: null })).rejects.toThrow(
      message,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses an unknown type, and weights that are not finite by their name; no file is left', async () => {
    const source = await tinyCheckpoint();
    const type = 'Q3_K' as QuantizableType;
    await expect(writeGgufCheckpoint(source, path, { type, tokenizer: null })).rejects.toThrow(
      'unknown type, expected one of: F32, F16, Q4_0',
    );
    const readFloat32 = async (name: string): Promise<Float32Array> => {
      const values = (await source.tensors.readFloat32(name)).slice();
      if (name.includes('k_proj')) values[5] = Number.NaN;
      return values;
    };
    const broken: Checkpoint = { ...source, tensors: { ...source.tensors, readFloat32 } };
    const error = await writeGgufCheckpoint(broken, path, { type: 'F32', tokenizer: null }).catch(
      (reason: unknown) => reason,
    );
    expect(BitcliffError.isInstance(error) && error.message).toContain(
      'a weight is not a number, expected finite weights, received NaN at element 5 (tensor "model.layers.0.self_attn.k_proj.weight"',
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('writes a checkpoint without a tokenizer as one', async () => {
    const source = await openCheckpoint(goldenFolder('gpt2_hub_names'));
    const { types } = await writeGgufCheckpoint(source, path, { type: 'Q8_0' });
    expect(types.get('position_embd.weight')).toBe('F32');
    expect(types.has('output.weight')).toBe(false); // tied
    await source.close();
  });
});

const shared = process.env.BITCLIFF_SHARED;
describe.skipIf(shared === undefined)('a trained model (skipped without BITCLIFF_SHARED)', () => {
  it.each<[string, QuantizableType, string]>([
    [
      'stories260K',
      'F32',
      'Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day,',
    ],
    [
      'stories260K',
      'Q8_0',
      'Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day,',
    ],
    ['babyllama105', 'F32', 'Once upon a time, there was a little girl'],
  ])('%s as %s tells its story, with its own tokenizer', async (model, type, opening) => {
    const source = await openCheckpoint(`${shared}/data/models/${model}`);
    await writeGgufCheckpoint(source, path, { type });
    await source.close();
    const checkpoint = await openCheckpoint(path);
    const tokenizer = await checkpoint.tokenizer();
    const tokens = tokenizer.encode('Once upon a time');
    const V = checkpoint.spec.vocabularySize;
    let text = '';
    while (text.length < opening.length) {
      const last = (await referenceForward(checkpoint, tokens)).logits.subarray((tokens.length - 1) * V);
      tokens.push(last.indexOf(Math.max(...last)));
      text = tokenizer.decode(tokens, { skipSpecialTokens: true });
    }
    expect(text.slice(0, opening.length)).toBe(opening);
    await checkpoint.close();
  });
});
