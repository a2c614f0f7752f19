import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DTYPES, type DType, InvalidInputError, type ProgressEvent, Tensor } from '@bitcliff/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusal, failureOf } from '../test/hostile.ts';
import { openTensorFolder } from './node.ts';
import { type TensorToWrite, writeSafetensorsFolder } from './write-safetensors-folder.node.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bitcliff-write-'));
});
afterAll(() => rm(root, { recursive: true }));

const floats = (name: string, values: number[], onData = (): void => {}): TensorToWrite => ({
  name,
  dtype: 'F32',
  shape: [values.length],
  data: () => {
    onData();
    return new Tensor('F32', [values.length], new Float32Array(values));
  },
});
const abc = () => [floats('a', [1, 2]), floats('b', [3]), floats('c', [4, 5, 6])]; // 8, 4 and 12 bytes
const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8'));

describe('writeSafetensorsFolder', () => {
  it('writes one file when it fits, into a new folder', async () => {
    const dir = join(root, 'new/deep');
    const written = await writeSafetensorsFolder(dir, abc(), { maxShardBytes: 24 });
    expect(written).toEqual({ files: ['model.safetensors'], totalBytes: 24 });
    expect(await readdir(dir)).toEqual(['model.safetensors']);
    const tensors = await openTensorFolder(dir);
    expect(tensors.metadata).toEqual({ format: 'pt' });
    expect(await tensors.readFloat32('c')).toEqual(new Float32Array([4, 5, 6]));
    await tensors.close();
  });

  it('writes shards and the index that transformers reads', async () => {
    const dir = join(root, 'shards');
    const written = await writeSafetensorsFolder(dir, abc(), { maxShardBytes: 12, metadata: { note: 'x' } });
    const files = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    expect(written).toEqual({ files: [...files, 'model.safetensors.index.json'], totalBytes: 24 });
    expect((await readdir(dir)).sort()).toEqual([...files, 'model.safetensors.index.json'].sort());
    // json.dumps(…, indent=2, sort_keys=True) + "\n"
    expect(await readFile(join(dir, 'model.safetensors.index.json'), 'utf8')).toBe(`{
  "metadata": {
    "total_size": 24
  },
  "weight_map": {
    "a": "model-00001-of-00002.safetensors",
    "b": "model-00001-of-00002.safetensors",
    "c": "model-00002-of-00002.safetensors"
  }
}
`);
    const tensors = await openTensorFolder(dir);
    expect(tensors.metadata).toEqual({ total_size: '24' });
    for (const { name, data } of abc()) expect(await tensors.read(name)).toEqual(await data());
    await tensors.close();
  });

  it('gives a tensor over the limit its own shard, and keeps odd names', async () => {
    const dir = join(root, 'odd');
    const names = ['10', '2', '__proto__', 'a"b', '\u{1f600}'];
    await writeSafetensorsFolder(
      dir,
      names.map((name) => floats(name, [1, 2])),
      { maxShardBytes: 4 },
    );
    const { weight_map } = await readJson(join(dir, 'model.safetensors.index.json'));
    expect(Object.keys(weight_map).sort()).toEqual([...names].sort());
    expect(weight_map['2']).toBe('model-00002-of-00005.safetensors');
    const tensors = await openTensorFolder(dir);
    expect([...tensors.names()].sort()).toEqual([...names].sort());
    await tensors.close();
  });

  it('writes every dtype and shape', async () => {
    const dir = join(root, 'dtypes');
    const all = (Object.keys(DTYPES) as DType[]).flatMap((dtype) =>
      [[], [3], [2, 0], [1, 2, 2]].map((shape): TensorToWrite => {
        const count = shape.reduce((product, size) => product * size, 1);
        const data = new DTYPES[dtype].array(new ArrayBuffer(count * DTYPES[dtype].bytes));
        const bytes = new Uint8Array(data.buffer).fill(1);
        expect(bytes.length).toBe(data.byteLength);
        return {
          name: `${dtype}/${shape}`,
          dtype,
          shape,
          data: async () => new Tensor<DType>(dtype, shape, data),
        };
      }),
    );
    await writeSafetensorsFolder(dir, all, { maxShardBytes: 64 });
    const tensors = await openTensorFolder(dir);
    for (const { name, data } of all) expect(await tensors.read(name)).toEqual(await data());
    await tensors.close();
  });

  it('writes an empty checkpoint', async () => {
    const dir = join(root, 'empty');
    expect(await writeSafetensorsFolder(dir, [])).toEqual({ files: ['model.safetensors'], totalBytes: 0 });
    const tensors = await openTensorFolder(dir);
    expect(tensors.names()).toEqual([]);
    await tensors.close();
  });

  it('takes data one tensor at a time, after all names are known, and tells how far it is', async () => {
    const dir = join(root, 'lazy');
    const steps: string[] = [];
    async function* lazy(): AsyncGenerator<TensorToWrite> {
      for (const name of ['a', 'b', 'c']) {
        steps.push(`name ${name}`);
        yield floats(name, [1, 2], () => steps.push(`data ${name}`));
      }
    }
    const events: ProgressEvent[] = [];
    await writeSafetensorsFolder(dir, lazy(), {
      maxShardBytes: 8,
      onProgress: (event) => events.push(event),
    });
    expect(steps).toEqual(['name a', 'name b', 'name c', 'data a', 'data b', 'data c']);
    expect(events.map(({ done, total, detail }) => [done, total, detail])).toEqual([
      [8, 24, 'a'],
      [16, 24, 'b'],
      [24, 24, 'c'],
    ]);
  });
});

describe('a failing write leaves nothing', () => {
  const failing = (): TensorToWrite[] => [
    ...abc(),
    { ...floats('d', [7]), data: async () => Promise.reject(new Error('no such row')) },
  ];

  it('when data fails, with shards already written', async () => {
    const dir = join(root, 'failing');
    const error = await failureOf(() => writeSafetensorsFolder(dir, failing(), { maxShardBytes: 8 }));
    expect((error as Error).message).toBe('no such row');
    expect(await readdir(dir)).toEqual([]);
  });

  it.each([
    ['another dtype', new Tensor('I32', [1], new Int32Array(1)), 'received I32 [1]'],
    ['another shape', new Tensor('F32', [1, 1], new Float32Array(1)), 'received F32 [1, 1]'],
  ])('when a tensor has %s than promised', async (_, wrong, says) => {
    const dir = join(root, 'promised');
    await expectRefusal(
      () => writeSafetensorsFolder(dir, [{ ...floats('w', [1]), data: () => wrong }]),
      'tensor "w"',
      {
        error: InvalidInputError,
        says: ['a tensor is not what was promised', 'expected F32 [1]', says],
      },
    );
    expect(await readdir(dir)).toEqual([]);
  });

  it('when it is told to stop', async () => {
    const dir = join(root, 'stopped');
    const controller = new AbortController();
    const stop = floats('b', [1], () => controller.abort(new Error('enough')));
    const tensors = [floats('a', [1]), stop, floats('c', [1])];
    const error = await failureOf(() =>
      writeSafetensorsFolder(dir, tensors, { maxShardBytes: 4, signal: controller.signal }),
    );
    expect((error as Error).message).toBe('enough');
    expect(await readdir(dir)).toEqual([]);
  });

  it('when an older file cannot be removed, and that one is back', async () => {
    const dir = join(root, 'taken');
    await mkdir(join(dir, 'model-00002-of-00003.safetensors', 'x'), { recursive: true });
    const error = await failureOf(() =>
      writeSafetensorsFolder(dir, abc(), { maxShardBytes: 4, overwrite: true }),
    );
    expect((error as NodeJS.ErrnoException).code).toMatch(/EISDIR|EPERM/);
    expect(await readdir(dir)).toEqual(['model-00002-of-00003.safetensors']);
  });

  it.each([
    ['a name twice', [floats('a', [1]), floats('a', [2])], 'a tensor comes twice'],
    ['a bad name', [floats('__metadata__', [1])], 'bad tensor name'],
    ['a dtype that is none', [{ ...floats('a', [1]), dtype: 'Q4_0' as DType }], 'not a tensor'],
  ])('on %s, before anything is written', async (_, tensors, says) => {
    const dir = join(root, 'refused');
    expect(((await failureOf(() => writeSafetensorsFolder(dir, tensors))) as Error).message).toContain(says);
    expect((await readdir(root)).includes('refused')).toBe(false);
  });

  it.each([0, -1, 0.5, Number.NaN, Infinity])('on a limit of %d', async (maxShardBytes) => {
    const error = await failureOf(() => writeSafetensorsFolder(join(root, 'x'), [], { maxShardBytes }));
    expect(error).toBeInstanceOf(InvalidInputError);
  });
});

describe('a folder with a checkpoint', () => {
  it('is refused, unless it may be replaced: then no older file stays', async () => {
    const dir = join(root, 'replace');
    await writeSafetensorsFolder(dir, abc(), { maxShardBytes: 4 });
    await writeFile(join(dir, 'config.json'), '{}');
    const again = () => writeSafetensorsFolder(dir, [floats('z', [9])]);
    await expectRefusal(again, dir, {
      error: InvalidInputError,
      says: ['the folder holds a checkpoint', '"model-00001-of-00003.safetensors"', 'Set overwrite'],
    });
    await writeSafetensorsFolder(dir, [floats('z', [9])], { overwrite: true });
    expect((await readdir(dir)).sort()).toEqual(['config.json', 'model.safetensors']);
    await writeSafetensorsFolder(dir, abc(), { overwrite: true, maxShardBytes: 12 });
    const tensors = await openTensorFolder(dir);
    expect(tensors.names()).toEqual(['a', 'b', 'c']);
    await tensors.close();
    expect((await readdir(dir)).includes('model.safetensors')).toBe(false);
  });

  it('keeps its checkpoint when the new one fails', async () => {
    const dir = join(root, 'kept');
    await writeSafetensorsFolder(dir, abc());
    const bad = { ...floats('d', [7]), data: () => Promise.reject(new Error('no')) };
    await failureOf(() => writeSafetensorsFolder(dir, [...abc(), bad], { overwrite: true }));
    expect(await readdir(dir)).toEqual(['model.safetensors']);
    const tensors = await openTensorFolder(dir);
    expect(tensors.names().length).toBe(3);
    await tensors.close();
  });
});
