import { FormatError, NotFoundError, UnsupportedError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { expectRefusal } from '../../test/hostile.ts';
import { global, obj, pickle, storage, tensor } from '../../test/pickle-bytes.ts';
import { f32, torchFile } from '../../test/torch-file.ts';
import type { ByteSource } from '../byte-source.ts';
import { memorySource } from '../memory-source.ts';
import { openTorchShards } from './open-torch-shards.ts';

const INDEX = 'pytorch_model.bin.index.json';
const A = 'pytorch_model-00001-of-00002.bin';
const B = 'pytorch_model-00002-of-00002.bin';
const pair = (key: string) => tensor(storage('FloatStorage', key, 2), 0, [2], [1]);
const files = new Map([
  [A, torchFile(obj({ a: pair('0') }), { 0: f32(1, 2) })],
  [B, torchFile(obj({ b: pair('0'), hidden: pair('0') }), { 0: f32(3, 4) })],
]);
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** Opens shards from a map, and counts what is open. */
function opener(from: ReadonlyMap<string, Uint8Array>) {
  const log = { opened: 0, closed: 0 };
  const openShard = async (fileName: string): Promise<ByteSource> => {
    const bytes = from.get(fileName);
    if (bytes === undefined) throw new NotFoundError({ op: 'test', problem: 'no such file', path: fileName });
    log.opened++;
    return { ...memorySource(bytes, fileName), close: async () => void log.closed++ };
  };
  return { log, openShard };
}

describe('openTorchShards', () => {
  it('is one source over all shards', async () => {
    const { log, openShard } = opener(files);
    const index = json({ metadata: { total_size: 16 }, weight_map: { a: A, b: B } });
    const tensors = await openTorchShards(index, openShard);
    expect(tensors.name).toBe(INDEX);
    expect(tensors.names()).toEqual(['a', 'b']);
    expect(tensors.metadata).toEqual({ total_size: '16' });
    expect(tensors.has('hidden')).toBe(false);
    expect(await tensors.readFloat32('a')).toEqual(new Float32Array([1, 2]));
    expect((await tensors.read('b', { range: { start: 1, end: 2 } })).data).toEqual(new Float32Array([4]));
    expect(await tensors.readBytes('b')).toEqual(f32(3, 4));
    await tensors.close();
    expect(log).toEqual({ opened: 2, closed: 2 });
  });

  it('refuses names of shards that are no plain .bin files, and names the operation', async () => {
    for (const name of ['../x.bin', 'x.safetensors', '.bin', '/x.bin', 'C:x.bin']) {
      await expectRefusal(
        () => openTorchShards(json({ weight_map: { a: name } }), opener(files).openShard),
        INDEX,
        {
          error: FormatError,
          says: ['openTorchShards: bad shard name', 'a plain file name ending in .bin', JSON.stringify(name)],
        },
      );
    }
  });

  it('refuses a missing shard, a tensor that is not there, and a shard with code, and closes what was open', async () => {
    const code = torchFile(pickle(global('os', 'system')));
    const cases = [
      [{ a: A, b: 'gone.bin' }, NotFoundError, 'shard is missing', INDEX],
      [{ a: A, b: A }, FormatError, 'openTorchShards: the index names a tensor', INDEX],
      [{ a: A, b: 'code.bin' }, UnsupportedError, '"os.system"', 'code.bin'],
    ] as const;
    for (const [weightMap, error, problem, file] of cases) {
      const { log, openShard } = opener(new Map([...files, ['code.bin', code]]));
      await expectRefusal(() => openTorchShards(json({ weight_map: weightMap }), openShard), file, {
        error,
        says: [problem],
      });
      expect(log.closed).toBe(log.opened);
    }
  });
});
