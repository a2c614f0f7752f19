import { FormatError, NotFoundError, Tensor } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { expectRefusal, failureOf, type Refusal } from '../test/hostile.ts';
import type { ByteSource } from './byte-source.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import { memorySource } from './memory-source.ts';
import { openSafetensorsShards } from './open-safetensors-shards.ts';

const INDEX = 'model.safetensors.index.json';
const vector = (...values: number[]) => new Tensor('F32', [values.length], new Float32Array(values));
const A = 'model-00001-of-00002.safetensors';
const B = 'model-00002-of-00002.safetensors';
const shards = new Map<string, Uint8Array>([
  [
    A,
    encodeSafetensors(
      new Map([
        ['a', vector(1)],
        ['hidden', vector(0)],
      ]),
    ),
  ],
  [
    B,
    encodeSafetensors(
      new Map([
        ['b', vector(2, 3)],
        ['c', vector(4)],
      ]),
    ),
  ],
]);

const json = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/** Opens shards from the map above, and counts what is open. */
function opener(files: ReadonlyMap<string, Uint8Array> = shards) {
  const log = { opened: 0, closed: 0 };
  const openShard = async (fileName: string): Promise<ByteSource> => {
    const bytes = files.get(fileName);
    if (bytes === undefined) throw new NotFoundError({ op: 'test', problem: 'no such file', path: fileName });
    log.opened++;
    return { ...memorySource(bytes, fileName), close: async () => void log.closed++ };
  };
  return { log, openShard };
}

const index = { metadata: { total_size: 16, note: 'x' }, weight_map: { a: A, b: B, c: B } };

describe('openSafetensorsShards', () => {
  it('is one source over all shards', async () => {
    const { log, openShard } = opener();
    const tensors = await openSafetensorsShards(json(index), openShard);
    expect(tensors.name).toBe(INDEX);
    expect(tensors.names()).toEqual(['a', 'b', 'c']);
    expect(tensors.metadata).toEqual({ total_size: '16', note: 'x' });
    expect(tensors.has('hidden')).toBe(false);
    expect(tensors.info('b')).toEqual({ name: 'b', dtype: 'F32', shape: [2], byteLength: 8 });
    expect((await tensors.read('a')).data).toEqual(new Float32Array([1]));
    expect(await tensors.readFloat32('b', { range: { start: 1, end: 2 } })).toEqual(new Float32Array([3]));
    expect([...(await tensors.readBytes('a'))]).toEqual([0, 0, 0x80, 0x3f]);
    await tensors.close();
    expect(log).toEqual({ opened: 2, closed: 2 });
  });

  it('names the index and near names when there is no such tensor', async () => {
    const tensors = await openSafetensorsShards(json({ weight_map: { 'lm_head.weight': A } }), async () =>
      memorySource(encodeSafetensors(new Map([['lm_head.weight', vector(1)]])), A),
    );
    expect(tensors.metadata).toEqual({});
    await expectRefusal(() => tensors.read('lm_head.weigth'), INDEX, {
      error: NotFoundError,
      says: ["the file's 1 tensors", 'received "lm_head.weigth"', 'Did you mean "lm_head.weight"?'],
    });
  });

  const map = (weight_map: unknown) => json({ weight_map });
  const shardName = (name: unknown): Refusal => ({
    error: FormatError,
    says: ['bad shard name', 'a plain file name ending in .safetensors', JSON.stringify(name), 'tensor "a"'],
  });
  const badNames = [
    '../model.safetensors',
    '/etc/model.safetensors',
    'sub/model.safetensors',
    '..\\model.safetensors',
    'C:model.safetensors',
    'a\0.safetensors',
    '.safetensors',
    '',
    '..',
    'model.bin',
    5,
    null,
    ['x.safetensors'],
  ];
  const hostile: [string, Uint8Array, Refusal][] = [
    ['no bytes', json(''), { error: FormatError, says: ['index is not a JSON object', 'received nothing'] }],
    ['an array', json('[]'), { error: FormatError, says: ['index is not a JSON object', '"[]"'] }],
    ['cut JSON', json('{"weight_map":{'), { error: FormatError, says: ['index is not valid JSON'] }],
    ['bad UTF-8', new Uint8Array([0x7b, 0xff]), { error: FormatError, says: ['index is not text', 'UTF-8'] }],
    ['no weight_map', json({}), { error: FormatError, says: ['bad weight_map', 'received nothing'] }],
    ['a weight_map as an array', map([]), { error: FormatError, says: ['bad weight_map', 'received []'] }],
    [
      'a tensor twice',
      json(`{"weight_map":{"a":"${A}","a":"${B}"}}`),
      { error: FormatError, says: ['index has a key twice', '"a" twice'] },
    ],
    [
      'metadata as text',
      json({ metadata: 'x', weight_map: {} }),
      { error: FormatError, says: ['bad metadata', '"x"'] },
    ],
    ...badNames.map((name): [string, Uint8Array, Refusal] => [
      `the shard name ${JSON.stringify(name)}`,
      map({ a: name }),
      shardName(name),
    ]),
    [
      'a missing shard',
      map({ a: A, b: 'model-00003.safetensors' }),
      {
        error: NotFoundError,
        says: ['shard is missing', 'every shard of the index', 'no "model-00003.safetensors"'],
      },
    ],
    [
      'a tensor that its shard does not have',
      map({ a: A, b: A }),
      { error: FormatError, says: [`expected tensor "b" in "${A}"`, 'a shard of 2 other tensors'] },
    ],
  ];
  it.each(hostile)('refuses %s, and leaves nothing open', async (_, bytes, refusal) => {
    const { log, openShard } = opener();
    await expectRefusal(() => openSafetensorsShards(bytes, openShard), INDEX, refusal);
    expect(log.closed).toBe(log.opened);
  });

  it('names the shard when a shard is not valid, and leaves nothing open', async () => {
    const { log, openShard } = opener(new Map([...shards, [B, new Uint8Array(4)]]));
    await expectRefusal(() => openSafetensorsShards(json(index), openShard), B, {
      error: FormatError,
      says: ['file is too short'],
    });
    expect(log).toEqual({ opened: 2, closed: 2 });
  });

  it('passes other errors of openShard through', async () => {
    const broken = new Error('disk');
    const error = await failureOf(() =>
      openSafetensorsShards(json(index), async () => {
        throw broken;
      }),
    );
    expect(error).toBe(broken);
  });
});
