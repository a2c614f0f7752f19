import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidInputError, NotFoundError, Tensor } from '@bitcliff/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectRefusal } from '../../test/hostile.ts';
import { encodeSafetensors } from '../encode-safetensors.ts';
import { openTensorFolder } from '../open-tensor-folder.node.ts';
import { FakeHub } from './__fixtures__/fake-hub.ts';
import { hubSettingsFromEnv } from './hub-settings.node.ts';
import type { SnapshotOptions } from './hub-snapshot.node.ts';
import { resolveHub } from './open-hub.node.ts';

const tensors = encodeSafetensors(new Map([['w', new Tensor('F32', [2], new Float32Array([1, 2]))]]));
const hub = new FakeHub();
let cacheDir: string;
let options: SnapshotOptions;

beforeAll(() => hub.start());
afterAll(() => hub.stop());
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'bitcliff-open-hub-'));
  options = { settings: hubSettingsFromEnv({ HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cacheDir }) };
  return () => rm(cacheDir, { recursive: true });
});

describe('resolveHub', () => {
  it('gives a folder that openTensorFolder opens, with one set of weights', async () => {
    const model = { content: tensors, lfs: true };
    const rest = {
      'consolidated.safetensors': 'x',
      'pytorch_model.bin': 'x',
      'onnx/model.onnx': 'x',
      'model.gguf': 'x',
      'a.png': 'x',
    };
    hub.commit(
      { 'config.json': '{}', 'tokenizer.model': 't', LICENSE: 'l', 'model.safetensors': model, ...rest },
      'main',
    );
    const path = await resolveHub('hf:org/name', options);
    expect((await readdir(path)).sort()).toEqual([
      'LICENSE',
      'config.json',
      'model.safetensors',
      'tokenizer.model',
    ]);
    const source = await openTensorFolder(path);
    expect(await source.readFloat32('w')).toEqual(new Float32Array([1, 2]));
    await source.close();
  });

  it('takes shards with their index', async () => {
    hub.commit(
      {
        'model-00001-of-00002.safetensors': '1',
        'model-00002-of-00002.safetensors': '2',
        'model.safetensors.index.json': '{}',
      },
      'main',
    );
    expect(await readdir(await resolveHub('hf:org/name', options))).toHaveLength(3);
  });

  it('takes PyTorch files or a single GGUF when there is nothing else', async () => {
    hub.commit({ 'config.json': '{}', 'pytorch_model.bin': 'x', 'training_args.bin': 'x' }, 'main');
    expect((await readdir(await resolveHub('hf:org/name', options))).sort()).toEqual([
      'config.json',
      'pytorch_model.bin',
    ]);
    hub.commit({ 'm.gguf': 'x' }, 'main');
    expect(await readdir(await resolveHub('hf:org/name', options))).toEqual(['m.gguf']);
  });

  it('asks for a name when there are several GGUF files, and gives the one named', async () => {
    hub.commit({ 'a-Q4_0.gguf': '4', 'a-Q8_0.gguf': '8' }, 'main');
    await expectRefusal(() => resolveHub('hf:org/name', options), 'hf:org/name', {
      error: InvalidInputError,
      says: ['several GGUF files', 'hf:org/name/a-Q4_0.gguf'],
    });
    const path = await resolveHub('hf:org/name/a-Q8_0.gguf', options);
    expect(path.endsWith(join('', 'a-Q8_0.gguf'))).toBe(true);
    expect(await readFile(path, 'utf8')).toBe('8');
  });

  it('gives a folder of the repository', async () => {
    hub.commit(
      {
        'model.safetensors': 'x',
        'fp8/model.safetensors': { content: tensors, lfs: true },
        'fp8/config.json': '{}',
      },
      'main',
    );
    const path = await resolveHub('hf:org/name/fp8', options);
    expect((await readdir(path)).sort()).toEqual(['config.json', 'model.safetensors']);
    expect(await readdir(join(path, '..'))).toEqual(['fp8']);
  });

  it('keeps to patterns when they are given, and takes all of a data set', async () => {
    hub.commit({ 'a.png': 'x', 'model.safetensors': 'x' }, 'main');
    expect(await readdir(await resolveHub('hf:org/name', { ...options, allowPatterns: ['*.png'] }))).toEqual([
      'a.png',
    ]);
    hub.commit({ 'train.txt': 'x', 'sub/test.parquet': 'y' }, 'main');
    expect((await readdir(await resolveHub('hf:datasets/org/name', options))).sort()).toEqual([
      'sub',
      'train.txt',
    ]);
  });

  it('says when there are no weights', async () => {
    hub.commit({ 'README.md': 'x' }, 'main');
    await expectRefusal(() => resolveHub('hf:org/name', options), 'hf:org/name', {
      error: NotFoundError,
      says: ['no weights', '"README.md"', 'allowPatterns'],
    });
  });
});
