import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BitcliffError, createRng, Tensor } from '@bitcliff/core';
import { openTensorFolder, writeSafetensorsFile } from '@bitcliff/formats/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goldenFolder } from '../test/helpers/golden.ts';
import { openCheckpoint } from './open-checkpoint.node.ts';
import { readBlock } from './weights.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-'));
  await cp(goldenFolder('llama'), folder, { recursive: true });
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

/** The error that opening (and reading block 0) gives. */
async function failure(): Promise<BitcliffError> {
  const error = await openCheckpoint(folder)
    .then(async (checkpoint) => {
      try {
        await readBlock(checkpoint, 0);
      } finally {
        await checkpoint.close();
      }
    })
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  if (!BitcliffError.isInstance(error)) throw new Error(`expected a BitcliffError, got ${String(error)}`);
  return error;
}

async function rewriteTensors(change: (tensors: Map<string, Tensor>) => void): Promise<void> {
  const source = await openTensorFolder(folder);
  const tensors = new Map<string, Tensor>();
  for (const name of source.names()) tensors.set(name, await source.read(name));
  await source.close();
  change(tensors);
  await writeSafetensorsFile(join(folder, 'model.safetensors'), tensors);
}

async function rewriteHeader(
  change: (header: Record<string, { data_offsets: number[] }>) => void,
): Promise<void> {
  const path = join(folder, 'model.safetensors');
  const bytes = await readFile(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  change(header);
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([size, text, bytes.subarray(8 + length)]));
}

describe('openCheckpoint', () => {
  it('reads headers, shapes and the spec', async () => {
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.spec).toMatchObject({ layers: 2, hiddenSize: 64, vocabularySize: 97 });
    expect(checkpoint.tensors.info('model.norm.weight').shape).toEqual([64]);
    await checkpoint.close();
  });

  it('ties the head where config.json is silent and the file has none', async () => {
    await rewriteTensors((tensors) => tensors.delete('lm_head.weight'));
    const path = join(folder, 'config.json');
    const { tie_word_embeddings: _, ...config } = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify(config));
    await (await openCheckpoint(folder)).close();
  });
});

describe('bad checkpoints are named', () => {
  const file = () => join(folder, 'model.safetensors');

  it.each<[string, () => Promise<unknown>, string, string]>([
    [
      'a file instead of a folder',
      async () => {
        await rm(folder, { recursive: true });
        await writeFile(folder, '');
      },
      'NOT_FOUND',
      'not a folder, expected a folder with config.json',
    ],
    ['no folder', () => rm(folder, { recursive: true }), 'NOT_FOUND', 'no such folder'],
    ['no config', () => rm(join(folder, 'config.json')), 'NOT_FOUND', 'missing file config.json'],
    [
      'config that is no JSON',
      () => writeFile(join(folder, 'config.json'), '{"a":'),
      'FORMAT',
      'config.json is not JSON, expected a JSON object',
    ],
    [
      'config that is an array',
      () => writeFile(join(folder, 'config.json'), '[1]'),
      'FORMAT',
      'expected a JSON object, received an array',
    ],
    [
      'an unknown architecture',
      () => writeFile(join(folder, 'config.json'), '{"model_type":"mamba"}'),
      'UNKNOWN_NAME',
      'unknown architecture "mamba", expected one of: bloom, cohere, gemma, gpt2, gpt_neox, llama,',
    ],
    ['no weights', () => rm(file()), 'NOT_FOUND', 'model.safetensors'],
    [
      'a missing tensor',
      () => rewriteTensors((t) => t.delete('model.layers.1.mlp.up_proj.weight')),
      'NOT_FOUND',
      'missing tensor "model.layers.1.mlp.up_proj.weight", expected 21 tensors for 2 layers, received 20 tensors',
    ],
    [
      'a missing head that is not tied',
      () => rewriteTensors((t) => t.delete('lm_head.weight')),
      'NOT_FOUND',
      'missing tensor "lm_head.weight"',
    ],
    [
      'a wrong shape',
      () =>
        rewriteTensors((t) =>
          t.set(
            'model.layers.0.self_attn.k_proj.weight',
            new Tensor('F32', [64, 32], new Float32Array(2048)),
          ),
        ),
      'FORMAT',
      'the shape does not fit the configuration, expected [32, 64], received [64, 32] (tensor "model.layers.0.self_attn.k_proj.weight"',
    ],
    [
      'a truncated file',
      async () => truncate(file(), (await readFile(file())).length - 100),
      'FORMAT',
      'model.safetensors',
    ],
    [
      'a header length over the limit',
      () => writeFile(file(), Buffer.from([0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3])),
      'FORMAT',
      'model.safetensors',
    ],
    [
      'overlapping offsets',
      () =>
        rewriteHeader((header) => {
          header['model.norm.weight']!.data_offsets =
            header['model.layers.0.input_layernorm.weight']!.data_offsets;
        }),
      'FORMAT',
      'model.safetensors',
    ],
  ])('%s', async (_, spoil, code, message) => {
    await spoil();
    const error = await failure();
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.message).toContain(folder);
  });

  it('a tokenizer that is missing, broken, or too large for the model', async () => {
    const checkpoint = await openCheckpoint(folder);
    await expect(checkpoint.tokenizer()).rejects.toThrow('missing file tokenizer.json');
    await checkpoint.close();

    await writeFile(join(folder, 'tokenizer.json'), '{"model":{"type":"None"}}');
    await writeFile(join(folder, 'tokenizer_config.json'), '{}');
    const broken = await openCheckpoint(folder);
    await expect(broken.tokenizer()).rejects.toThrow('createTokenizer: the tokenizer cannot be built');
    await broken.close();

    const rng = createRng(1);
    const vocab = Object.fromEntries(Array.from({ length: 98 }, (_, i) => [`t${i}${rng.int(9)}`, i]));
    await writeFile(
      join(folder, 'tokenizer.json'),
      JSON.stringify({
        version: '1.0',
        added_tokens: [],
        normalizer: null,
        pre_tokenizer: { type: 'Whitespace' },
        post_processor: null,
        decoder: null,
        model: { type: 'WordLevel', vocab, unk_token: 't0' },
      }),
    );
    const large = await openCheckpoint(folder);
    await expect(large.tokenizer()).rejects.toThrow(
      'the tokenizer has more tokens than the model, expected at most 97 (vocabulary size of the model), received 98',
    );
    await large.close();

    // few tokens, but one with an id beyond the embedding
    const added = {
      id: 97,
      content: '<x>',
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    };
    await writeFile(
      join(folder, 'tokenizer.json'),
      JSON.stringify({
        added_tokens: [{ ...added, special: true }],
        normalizer: null,
        pre_tokenizer: { type: 'Whitespace' },
        post_processor: null,
        decoder: null,
        model: { type: 'WordLevel', vocab: { a: 0 }, unk_token: 'a' },
      }),
    );
    const beyond = await openCheckpoint(folder);
    await expect(beyond.tokenizer()).rejects.toThrow(
      'at most 97 (vocabulary size of the model), received 98',
    );
    await beyond.close();
  });
});
