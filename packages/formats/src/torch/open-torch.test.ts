import { readFileSync } from 'node:fs';
import { FormatError, NotFoundError, ShapeError, UnsupportedError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { expectRefusal, type Refusal } from '../../test/hostile.ts';
import { int, list, NONE, obj, orderedDict, pickle, storage, str, tensor } from '../../test/pickle-bytes.ts';
import { f32, torchFile } from '../../test/torch-file.ts';
import type { ByteSource } from '../byte-source.ts';
import { memorySource } from '../memory-source.ts';
import type { TensorSource } from '../tensor-source.ts';
import { encodeZip } from '../zip/encode-zip.ts';
import { openTorch } from './open-torch.ts';
import { TORCH_EXPANDED_LIMIT, TORCH_PICKLE_LIMIT } from './torch-limits.ts';

const FILE = 'model.pt';
const open = (bytes: Uint8Array): Promise<TensorSource> => openTorch(memorySource(bytes, FILE));
const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`./__fixtures__/${name}.pt`, import.meta.url));

describe.each(['protocol-2', 'protocol-2-deflated', 'protocol-3', 'protocol-4', 'protocol-5'])(
  'openTorch on %s, pickled by CPython',
  (name) => {
    it('reads tensors, views and shared storages', async () => {
      const tensors = await open(fixture(name));
      const values = async (key: string) => [...(await tensors.readFloat32(`model.${key}`))];
      const all = Array.from({ length: 24 }, (_, i) => i);
      expect(await values('embed.weight')).toEqual(all);
      expect(await values('head.weight')).toEqual(all);
      expect(await values('rows')).toEqual(all.slice(6, 18));
      expect(await values('transposed')).toEqual(all.map((i) => Math.floor(i / 4) + 6 * (i % 4)));
      expect(await values('columns')).toEqual([2, 3, 8, 9, 14, 15, 20, 21]);
      expect(await values('diagonal')).toEqual([0, 7, 14, 21]);
      expect(await values('expanded')).toEqual([5, 6, 5, 6, 5, 6]);
      expect(await values('scalar')).toEqual([23]);
      expect(await values('empty')).toEqual([]);
      expect(tensors.info('model.transposed')).toEqual({
        name: 'model.transposed',
        dtype: 'F32',
        shape: [6, 4],
        byteLength: 96,
      });
      expect(tensors.info('model.scalar').shape).toEqual([]);
      expect(tensors.names()[0]).toBe('model.embed.weight');
      expect(tensors.names().at(-1)).toBe('optimizer.state.0.exp_avg');
      expect(tensors.has('model.rows')).toBe(true);
      await tensors.close();
    });

    it('reads every dtype that torch and core share', async () => {
      const tensors = await open(fixture(name));
      const dtypes = { f8: 'F64', f4: 'F32', f2: 'F16', i8: 'I64', i4: 'I32', i2: 'I16', i1: 'I8', u1: 'U8' };
      for (const [code, dtype] of Object.entries({
        ...dtypes,
        b1: 'BOOL',
        bf16: 'BF16',
        u2: 'U16',
        float8: 'F8_E4M3',
      })) {
        expect(tensors.info(`model.dtypes.${code}`).dtype).toBe(dtype);
      }
      expect((await tensors.read('model.dtypes.i8')).data).toEqual(new BigInt64Array([0n, 1n, 1n, 0n]));
      expect((await tensors.read('model.dtypes.u2')).data).toEqual(new Uint16Array([1, 65535]));
      expect((await tensors.read('model.dtypes.float8')).data).toEqual(new Uint8Array([0x38, 0xc0]));
      expect(await tensors.readFloat32('model.dtypes.bf16')).toEqual(new Float32Array([1, -2]));
    });

    it('keeps scalars and strings as metadata', async () => {
      expect((await open(fixture(name))).metadata).toEqual({
        'optimizer.param_groups.0.lr': '0.001',
        'optimizer.param_groups.0.betas': '[0.9,0.999]',
        'optimizer.param_groups.0.params': '[0,1]',
        'optimizer.param_groups.0.nesterov': 'false',
        epoch: '3',
        step: '1099511627776',
        big: '-1180591620717411303424',
        loss: 'NaN',
        name: 'größe 中',
        note: 'null',
        dtype: 'torch.float16',
        shape: '[4,6]',
        history: '[1.5,2.25,-0,Infinity]',
        'mixed.0.a': '1',
        'mixed.1': '[true,"x\\n"]',
        'mixed.2': '[]',
        'stoi.a': '0',
        'stoi.b.c': '1',
        long: 'x'.repeat(300),
      });
    });
  },
);

describe('openTorch', () => {
  const six = storage('FloatStorage', '0', 6);
  const matrix = tensor(six, 0, [2, 3], [3, 1]);
  const columns = tensor(six, 0, [3, 2], [1, 3]);

  it('reads ranges of views, as does readBytes the whole', async () => {
    const tensors = await open(torchFile(obj({ m: matrix, c: columns }), { 0: f32(0, 1, 2, 3, 4, 5) }));
    expect(await tensors.readFloat32('m', { range: { start: 2, end: 5 } })).toEqual(
      new Float32Array([2, 3, 4]),
    );
    expect(await tensors.readFloat32('c', { range: { start: 1, end: 4 } })).toEqual(
      new Float32Array([3, 1, 4]),
    );
    expect((await tensors.read('c', { range: { start: 6, end: 6 } })).shape).toEqual([0]);
    expect(await tensors.readBytes('c')).toEqual(f32(0, 3, 1, 4, 2, 5));
    expect(await tensors.readBytes('m')).toEqual(f32(0, 1, 2, 3, 4, 5));
    await expectRefusal(() => tensors.read('c', { range: { start: 0, end: 7 } }), FILE, {
      error: ShapeError,
      says: ['range is not inside the tensor', '6 elements', 'tensor "c"'],
    });
    await expectRefusal(() => tensors.read('d'), FILE, { error: NotFoundError, says: ['"d"'] });
  });

  it('gives views of memory, and reads no more of a file than a range needs', async () => {
    const bytes = torchFile(obj({ w: tensor(storage('FloatStorage', '0', 1000), 500, [10, 50], [50, 1]) }), {
      0: new Uint8Array(4000),
    });
    let read = 0;
    const inner = memorySource(bytes, FILE);
    const source: ByteSource = { ...inner, read: (at, n) => inner.read(at, n).finally(() => (read += n)) };
    const tensors = await openTorch(source);
    read = 0;
    const row = await tensors.read('w', { range: { start: 50, end: 100 } });
    expect(row.data.buffer).toBe(bytes.buffer);
    expect(read).toBeLessThan(500);
  });

  it('names a checkpoint that is not a dict, and keys that would touch a prototype', async () => {
    const data = { 0: f32(0, 1, 2, 3, 4, 5) };
    expect((await open(torchFile(matrix, data))).names()).toEqual(['tensor']);
    expect((await open(torchFile(list(matrix, columns), data))).names()).toEqual(['0', '1']);
    expect((await open(torchFile(str('text')))).metadata).toEqual({ value: 'text' });
    expect((await open(torchFile(list(int(1), NONE)))).metadata).toEqual({ value: '[1,null]' });
    const pollution = obj(
      new Map([
        ['__proto__', obj(new Map([['polluted', int(1)]]))],
        ['constructor', matrix],
        ['__proto__x', str('y')],
      ]),
    );
    const tensors = await open(torchFile(pollution, data));
    expect(tensors.names()).toEqual(['constructor']);
    expect(Object.entries(tensors.metadata)).toEqual([
      ['__proto__.polluted', '1'],
      ['__proto__x', 'y'],
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    const bare = await open(torchFile(obj(new Map([['__proto__', str('z')]]))));
    expect(Object.entries(bare.metadata)).toEqual([['__proto__', 'z']]);
    expect(Object.getPrototypeOf(bare.metadata)).toBe(Object.prototype);
  });

  it('reads files of PyTorch before 2.1, without a byte order, and under any prefix', async () => {
    const bytes = torchFile(
      obj({ m: matrix }),
      { 0: f32(1, 1, 1, 1, 1, 1) },
      { byteOrder: null, prefix: 'größe-1' },
    );
    expect((await open(bytes)).names()).toEqual(['m']);
  });

  it('leaves the source open when it refuses, and closes it when closed', async () => {
    let closed = 0;
    const source = (bytes: Uint8Array): ByteSource => ({
      ...memorySource(bytes, FILE),
      close: async () => void closed++,
    });
    await openTorch(source(new Uint8Array(9))).catch(() => {});
    expect(closed).toBe(0);
    await (await openTorch(source(torchFile(orderedDict())))).close();
    expect(closed).toBe(1);
  });

  const format = (...says: string[]): Refusal => ({ error: FormatError, says });
  const unsupported = (...says: string[]): Refusal => ({ error: UnsupportedError, says });
  const text = (value: string) => new TextEncoder().encode(value);
  const of = (value: Parameters<typeof torchFile>[0], bytes = f32(0, 1, 2, 3, 4, 5)) =>
    torchFile(value, { 0: bytes });
  const view = (offset: number, shape: (number | bigint)[], strides: (number | bigint)[]) =>
    of(obj({ w: tensor(six, offset, shape, strides) }));
  const legacy = new Uint8Array([
    0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
  ]);
  const framed = new Uint8Array([0x80, 4, 0x95, 50, 0, 0, 0, 0, 0, 0, 0, ...legacy.slice(2)]);
  const tar = new Uint8Array(1024);
  tar.set(text('pickle'));
  tar.set(text('ustar\0'), 257);
  const zip = (files: Record<string, Uint8Array>) => encodeZip(new Map(Object.entries(files)));

  const hostile: [string, Uint8Array, Refusal][] = [
    ['no bytes', new Uint8Array(0), format('not a PyTorch checkpoint', 'received 0 bytes')],
    ['another format', text('{"__metadata__": {}}'), format('not a PyTorch checkpoint', 'a zip file')],
    [
      'a legacy checkpoint',
      legacy,
      unsupported('legacy PyTorch checkpoint', 'Load it in Python and save it again'),
    ],
    ['a legacy checkpoint of protocol 4', framed, unsupported('legacy PyTorch checkpoint')],
    [
      'a tar checkpoint',
      tar,
      unsupported('legacy PyTorch checkpoint', 'received a tar file', 'torch.save(torch.load'),
    ],
    ['a plain pickle', pickle(orderedDict()), unsupported('plain pickle', 'protocol 2', 'Load it in Python')],
    [
      'a zip without data.pkl',
      zip({ 'a/b': text('x') }),
      format('not a PyTorch checkpoint', '<name>/data.pkl', '1 other entries'),
    ],
    ['an empty zip', zip({}), format('not a PyTorch checkpoint', '0 other entries')],
    ['data.pkl outside a folder', zip({ 'data.pkl': pickle(obj({})) }), format('not a PyTorch checkpoint')],
    ['data.pkl too deep', zip({ 'a/b/data.pkl': pickle(obj({})) }), format('not a PyTorch checkpoint')],
    [
      'two checkpoints',
      zip({ 'a/data.pkl': pickle(obj({})), 'b/data.pkl': pickle(obj({})) }),
      format('received "a", "b"'),
    ],
    [
      'TorchScript',
      torchFile(obj({}), {}, { more: { 'archive/constants.pkl': pickle(obj({})) } }),
      unsupported('TorchScript archive', 'constants.pkl', 'torch.jit.load(path).state_dict()'),
    ],
    [
      'big-endian data',
      torchFile(obj({}), {}, { byteOrder: 'big' }),
      unsupported('big-endian data', 'received "big"'),
    ],
    [
      'another byte order',
      torchFile(obj({}), {}, { byteOrder: 'middle' }),
      format('bad byte order', '"middle"'),
    ],
    [
      'a long byte order',
      torchFile(obj({}), {}, { byteOrder: 'x'.repeat(99) }),
      format('bad byte order', '99 bytes'),
    ],
    [
      'a pickle over the limit',
      torchFile(new Uint8Array(TORCH_PICKLE_LIMIT + 1)),
      format('pickle is over the limit'),
    ],
    [
      'a missing storage',
      of(obj({ w: tensor(storage('FloatStorage', '1', 6), 0, [6], [1]) })),
      format('storage is missing', 'data/1', 'tensor "w"'),
    ],
    [
      'a key that leads elsewhere',
      of(obj({ w: tensor(storage('FloatStorage', '../data.pkl', 6), 0, [6], [1]) })),
      format('storage is missing'),
    ],
    [
      'a storage cut short',
      of(obj({ w: matrix }), f32(1, 2)),
      format('does not hold its storage', '6 elements of 4 bytes', '8 bytes'),
    ],
    [
      'a storage too long',
      of(obj({ w: matrix }), new Uint8Array(28)),
      format('does not hold its storage', '28 bytes'),
    ],
    [
      'a storage of 2^53 - 1 elements',
      of(obj({ w: tensor(storage('FloatStorage', '0', 2 ** 53 - 1), 0, [6], [1]) })),
      format('does not hold its storage'),
    ],
    [
      'a storage of 2^60 elements',
      of(obj({ w: tensor(storage('FloatStorage', '0', 2n ** 60n), 0, [6], [1]) })),
      format('bad element count of a storage'),
    ],
    [
      'a storage of -1 elements',
      of(obj({ w: tensor(storage('FloatStorage', '0', -1), 0, [0], [1]) })),
      format('bad element count', 'received -1'),
    ],
    [
      'a view past the end',
      view(1, [2, 3], [3, 1]),
      format('reaches past its storage', 'at most 6 elements', 'received 7', 'tensor "w"'),
    ],
    ['a stride past the end', view(0, [2, 3], [4, 1]), format('reaches past its storage')],
    ['an offset past the end', view(7, [0], [1]), format('reaches past its storage')],
    ['a huge offset', view(2 ** 53 - 1, [1], [1]), format('reaches past its storage')],
    ['a negative offset', view(-1, [1], [1]), format('bad offset of a tensor', '-1')],
    ['a negative stride', view(5, [6], [-1]), format('bad stride of a tensor', 'received -1')],
    ['a huge stride', view(0, [2], [2n ** 52n]), format('reaches past its storage')],
    [
      'strides whose sum overflows',
      view(0, [2 ** 30, 2 ** 20], [2n ** 52n, 2n ** 52n]),
      format('reaches past its storage'),
    ],
    ['a stride beyond 2^53', view(0, [2], [2n ** 64n]), format('bad stride of a tensor')],
    ['a negative size', view(0, [-2], [1]), format('bad size of a tensor')],
    ['a size beyond 2^53', view(0, [2n ** 63n], [0]), format('bad size of a tensor')],
    ['a shape that overflows', view(0, [2 ** 30, 2 ** 30], [0, 0]), format('shape overflows')],
    ['a shape whose bytes overflow', view(0, [2n ** 52n], [0]), format('shape overflows')],
    ['fewer strides than sizes', view(0, [2, 3], [1]), format('stride does not fit the size')],
    [
      '65 axes',
      view(0, new Array(65).fill(1), new Array(65).fill(1)),
      format('over the limit', 'at most 64 axes'),
    ],
    [
      'one element repeated',
      view(0, [TORCH_EXPANDED_LIMIT], [0]),
      format('view that repeats elements is over the limit'),
    ],
    [
      'a boolean that is none',
      torchFile(obj({ w: tensor(storage('BoolStorage', '0', 1), 0, [1], [1]) }), { 0: new Uint8Array([2]) }),
      format('not a boolean'),
    ],
  ];
  it.each(hostile)('refuses %s', (_, bytes, refusal) =>
    expectRefusal(async () => (await open(bytes)).read('w'), FILE, refusal),
  );

  it('refuses or reads right what is left when a good file is cut anywhere', async () => {
    const bytes = fixture('protocol-4');
    for (let length = 0; length < bytes.length; length += 7) {
      await expectRefusal(() => open(bytes.subarray(0, length)), FILE, { error: FormatError, says: [] });
    }
  });
});
