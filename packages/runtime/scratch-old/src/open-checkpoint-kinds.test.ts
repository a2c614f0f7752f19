/** @file Checkpoints of several kinds and places: shards, PyTorch files, GGUF files, the Hub; their metadata; what is wrong with them. */
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BitcliffError, Tensor } from '@bitcliff/core';
import { hubSettingsFromEnv, resolveHub } from '@bitcliff/formats/hub';
import { openTensorFolder, writeSafetensorsFile } from '@bitcliff/formats/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// the Hub and the torch files that the tests of formats use
import { FakeHub } from '../../formats/src/hub/__fixtures__/fake-hub.ts';
import { orderedDict, storage, tensor } from '../../formats/test/pickle-bytes.ts';
import { torchFile } from '../../formats/test/torch-file.ts';
import { goldenFolder, maxDifference, readGolden, readGoldenArray } from '../test/helpers/golden.ts';
import { tinyCheckpoint } from '../test/helpers/tiny-checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { writeGgufCheckpoint } from './gguf/write-gguf-checkpoint.node.ts';
import { openCheckpoint } from './open-checkpoint.node.ts';
import { referenceForward } from './reference/reference-forward.ts';
import { readBlock } from './weights.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

/** Largest difference to the golden logits of a model. */
async function goldenDifference(checkpoint: Checkpoint, model: string): Promise<number> {
  const { id, input_ids } = readGolden(model).sequences[0]!;
  const { logits } = await referenceForward(checkpoint, input_ids);
  await checkpoint.close();
  return maxDifference(logits, readGoldenArray(model, `${id}_logits`));
}

/** The error of opening a path and reading its blocks. */
async function failure(path: string): Promise<BitcliffError> {
  try {
    const checkpoint = await openCheckpoint(path);
    try {
      for (let layer = 0; layer < checkpoint.spec.layers; layer++) await readBlock(checkpoint, layer);
    } finally {
      await checkpoint.close();
    }
  } catch (error) {
    if (BitcliffError.isInstance(error)) return error;
    throw error;
  }
  throw new Error('nothing failed');
}

/** The weights of a folder as one pytorch_model.bin. */
async function torchWeights(from: string): Promise<Uint8Array> {
  const source = await openTensorFolder(from);
  const storages: Record<string, Uint8Array> = {};
  const tensors: Record<string, number[]> = {};
  for (const [key, name] of source.names().entries()) {
    const { shape } = source.info(name);
    const values = await source.readFloat32(name);
    storages[`${key}`] = new Uint8Array(values.slice().buffer);
    const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
    tensors[name] = [...tensor(storage('FloatStorage', `${key}`, values.length), 0, shape, strides)];
  }
  await source.close();
  return torchFile(orderedDict(tensors), storages);
}

describe('kinds of checkpoints', () => {
  it('a folder with pytorch_model.bin alone', async () => {
    await copyFile(join(goldenFolder('llama'), 'config.json'), join(folder, 'config.json'));
    await writeFile(join(folder, 'pytorch_model.bin'), await torchWeights(goldenFolder('llama')));
    expect(await goldenDifference(await openCheckpoint(folder), 'llama')).toBeLessThan(1e-6);
  });

  it('a GGUF file, and a folder that holds one', async () => {
    const source = await openCheckpoint(goldenFolder('llama'));
    const file = join(folder, 'model.gguf');
    await writeGgufCheckpoint(source, file, { type: 'F32' });
    await source.close();
    expect(await goldenDifference(await openCheckpoint(file), 'llama')).toBeLessThan(1e-6);
    expect(await goldenDifference(await openCheckpoint(folder), 'llama')).toBeLessThan(1e-6);
    await copyFile(file, join(folder, 'second.gguf'));
    expect((await failure(folder)).message).toContain('missing file config.json');
  });

  it('a model of the Hub, safetensors, PyTorch or GGUF', async () => {
    const hub = new FakeHub();
    await hub.start();
    try {
      const settings = hubSettingsFromEnv({ HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: join(folder, 'hub') });
      const resolvers = { hf: (uri: string) => resolveHub(uri, { settings }) };
      const read = (name: string) => readFile(join(goldenFolder('llama'), name));
      const config = await read('config.json');
      const commits: Record<string, Uint8Array>[] = [
        { 'config.json': config, 'model.safetensors': await read('model.safetensors') },
        { 'config.json': config, 'pytorch_model.bin': await torchWeights(goldenFolder('llama')) },
      ];
      const source = await openCheckpoint(goldenFolder('llama'));
      await writeGgufCheckpoint(source, join(folder, 'm.gguf'), { type: 'F32' });
      await source.close();
      commits.push({ 'm.gguf': await readFile(join(folder, 'm.gguf')) });
      for (const files of commits) {
        hub.commit(
          Object.fromEntries(Object.entries(files).map(([name, content]) => [name, { content, lfs: true }])),
          'main',
        );
        const checkpoint = await openCheckpoint('hf:org/name', { resolvers });
        expect(await goldenDifference(checkpoint, 'llama')).toBeLessThan(1e-6);
      }
      expect(
        await goldenDifference(await openCheckpoint('hf:org/name/m.gguf', { resolvers }), 'llama'),
      ).toBeLessThan(1e-6);
    } finally {
      await hub.stop();
    }
  });

  it('no other scheme', async () => {
    await expect(openCheckpoint('hf:org/name')).rejects.toThrow(
      'unknown scheme, expected a path, received hf (hf:org/name). Give resolvers: { hf: (uri) => resolveHub(uri, options) }',
    );
    await expect(openCheckpoint('s3:bucket', { resolvers: { hf: (uri) => uri } })).rejects.toThrow(
      'a URI of one of: hf',
    );
  });
});

describe('metadata of a checkpoint', () => {
  const metadata = {
    step: 1000,
    tokens: 4_000_000_000,
    learningRate: 3e-4,
    weightDecay: 0.1,
    labels: { run: 'a', seed: 3, final: false },
  };
  const sidecar = () => join(folder, 'bitcliff.json');

  it('comes from bitcliff.json in the folder', async () => {
    await cp(goldenFolder('llama'), folder, { recursive: true });
    const bare = await openCheckpoint(folder);
    expect(bare.metadata).toEqual({});
    await bare.close();
    await writeFile(sidecar(), JSON.stringify(metadata));
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.metadata).toEqual(metadata);
    await checkpoint.close();
  });

  it('goes into a GGUF file; the sidecar beside the file comes first', async () => {
    const source = { ...(await tinyCheckpoint()), metadata };
    const file = join(folder, 'model.gguf');
    await writeGgufCheckpoint(source, file, { type: 'F32', tokenizer: null });
    await writeFile(sidecar(), '{"step":2}');
    for (const [path, expected] of [
      [file, metadata],
      [folder, { step: 2 }],
    ] as const) {
      const checkpoint = await openCheckpoint(path);
      expect(checkpoint.metadata).toEqual(expected);
      await checkpoint.close();
    }
  });

  it.each<[string, string, string]>([
    ['{"step":"1"}', 'INVALID', 'at step'],
    ['{"tokens":1.5}', 'INVALID', 'at tokens'],
    ['{"learningRate":-1}', 'INVALID', 'at learningRate'],
    ['{"labels":{"run":null}}', 'INVALID', 'at labels.run'],
    ['{"learning_rate":1}', 'INVALID', 'only: step, tokens, learningRate, weightDecay, labels'],
    ['{', 'FORMAT', 'bitcliff.json is not JSON'],
    ['[]', 'FORMAT', 'bitcliff.json holds the wrong kind of value'],
  ])('%s is refused', async (text, code, message) => {
    await cp(goldenFolder('llama'), folder, { recursive: true });
    await writeFile(sidecar(), text);
    const error = await failure(folder);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.message).toContain(sidecar());
  });
});

describe('bad weights are named', () => {
  const SECOND = 'model-00002-of-00002.safetensors';
  it.each<[string, () => Promise<unknown>, string, string]>([
    ['a missing shard', () => rm(join(folder, SECOND)), 'NOT_FOUND', SECOND],
    [
      'a truncated shard',
      async () => truncate(join(folder, SECOND), (await readFile(join(folder, SECOND))).length - 9),
      'FORMAT',
      SECOND,
    ],
    [
      'a shard that is something else',
      () => writeFile(join(folder, SECOND), 'x'.repeat(200)),
      'FORMAT',
      SECOND,
    ],
    [
      'a tensor that its shard lacks',
      () => copyFile(join(folder, 'model-00001-of-00002.safetensors'), join(folder, SECOND)),
      'FORMAT',
      SECOND,
    ],
    [
      'a quantized checkpoint',
      async () => {
        const path = join(folder, 'config.json');
        const config = JSON.parse(await readFile(path, 'utf8'));
        const quantization_config = { quant_method: 'eetq', bits: 3 };
        await writeFile(path, JSON.stringify({ ...config, quantization_config }));
      },
      'UNSUPPORTED',
      'quantization_config is not supported, expected no such field, received {"quant_method":"eetq","bits":3}',
    ],
  ])('%s', async (_, spoil, code, message) => {
    await cp(goldenFolder('llama_sharded'), folder, { recursive: true });
    await spoil();
    const error = await failure(folder);
    expect(error.message).toContain(message);
    expect(error.message).toContain(folder);
    expect(error.code).toBe(code);
  });

  it.each([
    ['NaN', 'F32'],
    ['Infinity', 'F16'],
  ])('%s in %s', async (value, dtype) => {
    await mkdir(folder, { recursive: true });
    await cp(goldenFolder('llama'), folder, { recursive: true });
    const source = await openTensorFolder(folder);
    const tensors = new Map<string, Tensor>();
    for (const name of source.names()) tensors.set(name, await source.read(name));
    await source.close();
    const name = 'model.layers.1.mlp.down_proj.weight';
    const { shape, data } = tensors.get(name)!;
    if (dtype === 'F32') {
      const values = (data as Float32Array).slice();
      values[77] = Number(value);
      tensors.set(name, new Tensor('F32', shape, values));
    } else {
      const codes = new Uint16Array(data.length);
      codes[77] = 0x7c00; // infinity
      tensors.set(name, new Tensor('F16', shape, codes));
    }
    await writeSafetensorsFile(join(folder, 'model.safetensors'), tensors);
    const error = await failure(folder);
    expect(error.code).toBe('FORMAT');
    expect(error.message).toContain(
      `a weight is not a number, expected finite weights, received ${value} at element 77 (tensor "${name}"`,
    );
  });
});

const shared = process.env.BITCLIFF_SHARED;
it.skipIf(shared === undefined)(
  'a PyTorch checkpoint that torch.save wrote (skipped without BITCLIFF_SHARED)',
  async () => {
    const checkpoint = await openCheckpoint(`${shared}/data/models/hf-tiny-llama-random`);
    expect(checkpoint.spec).toMatchObject({ layers: 1, hiddenSize: 16, vocabularySize: 32000 });
    const { logits } = await referenceForward(checkpoint, [1, 5, 9]);
    expect(logits.every(Number.isFinite)).toBe(true);
    await expect(checkpoint.tokenizer()).rejects.toThrow('missing file tokenizer.json');
    await checkpoint.close();
  },
);
