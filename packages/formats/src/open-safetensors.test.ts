import { FormatError, NotFoundError, ShapeError, Tensor, UnsupportedError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { expectRefusal, type Refusal } from '../test/hostile.ts';
import { safetensorsFile } from '../test/safetensors-file.ts';
import { blobSource } from './blob-source.ts';
import type { ByteSource } from './byte-source.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import { memorySource } from './memory-source.ts';
import { openSafetensors } from './open-safetensors.ts';
import { SAFETENSORS_HEADER_LIMIT } from './safetensors-limits.ts';

const open = (bytes: Uint8Array) => openSafetensors(memorySource(bytes, 'model.safetensors'));
const f32 = (begin: number, end: number, shape: unknown = [(end - begin) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

const good = () =>
  encodeSafetensors(
    new Map<string, Tensor>([
      ['w', new Tensor('F32', [2, 3], new Float32Array([1, 2, 3, 4, 5, 6]))],
      ['half', new Tensor('F16', [2], new Uint16Array([0x3c00, 0xc000]))],
      ['brain', new Tensor('BF16', [2], new Uint16Array([0x3f80, 0xc000]))],
      ['double', new Tensor('F64', [2], new Float64Array([0.1, 1e300]))],
      ['ids', new Tensor('I64', [1], new BigInt64Array([-5n]))],
      ['scalar', new Tensor('F32', [], new Float32Array([7]))],
      ['empty', new Tensor('F32', [3, 0], new Float32Array(0))],
      ['mask', new Tensor('BOOL', [3], new Uint8Array([1, 0, 1]))],
    ]),
    { format: 'pt' },
  );

describe('openSafetensors', () => {
  it('knows names, infos and metadata without reading data', async () => {
    const bytes = good();
    const reads: [number, number][] = [];
    const memory = memorySource(bytes, 'model.safetensors');
    const source: ByteSource = {
      ...memory,
      read: (offset, length) => {
        reads.push([offset, length]);
        return memory.read(offset, length);
      },
    };
    const tensors = await openSafetensors(source);
    expect(tensors.name).toBe('model.safetensors');
    expect(tensors.metadata).toEqual({ format: 'pt' });
    expect([...tensors.names()].sort()).toEqual([
      'brain',
      'double',
      'empty',
      'half',
      'ids',
      'mask',
      'scalar',
      'w',
    ]);
    expect(tensors.has('w')).toBe(true);
    expect(tensors.has('toString')).toBe(false);
    expect(tensors.info('w')).toEqual({ name: 'w', dtype: 'F32', shape: [2, 3], byteLength: 24 });
    expect(tensors.info('empty')).toEqual({ name: 'empty', dtype: 'F32', shape: [3, 0], byteLength: 0 });
    const headerEnd = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(reads).toEqual([
      [0, 8],
      [8, headerEnd - 8],
    ]);
  });

  it('reads the stored bytes of a tensor', async () => {
    const tensors = await open(good());
    expect(await tensors.readBytes('half')).toEqual(new Uint8Array([0x00, 0x3c, 0x00, 0xc0]));
    expect((await tensors.readBytes('double')).byteLength).toBe(tensors.info('double').byteLength);
    expect((await tensors.readBytes('empty')).byteLength).toBe(0);
    await expectRefusal(() => tensors.readBytes('hal'), 'model.safetensors', {
      error: NotFoundError,
      says: ['no such tensor', 'Did you mean "half"?'],
    });
  });

  it('reads tensors in their dtype, scalars and empty ones too', async () => {
    const tensors = await open(good());
    expect((await tensors.read('w')).data).toEqual(new Float32Array([1, 2, 3, 4, 5, 6]));
    expect((await tensors.read('w')).shape).toEqual([2, 3]);
    expect((await tensors.read('ids')).data).toEqual(new BigInt64Array([-5n]));
    expect((await tensors.read('scalar')).shape).toEqual([]);
    expect((await tensors.read('scalar')).data).toEqual(new Float32Array([7]));
    expect((await tensors.read('empty')).data.length).toBe(0);
    expect((await tensors.read('mask')).data).toEqual(new Uint8Array([1, 0, 1]));
  });

  it('reads a range of elements', async () => {
    const tensors = await open(good());
    const part = await tensors.read('w', { range: { start: 2, end: 5 } });
    expect(part.shape).toEqual([3]);
    expect(part.data).toEqual(new Float32Array([3, 4, 5]));
    expect((await tensors.read('w', { range: { start: 6, end: 6 } })).data.length).toBe(0);
    expect(await tensors.readFloat32('half', { range: { start: 1, end: 2 } })).toEqual(
      new Float32Array([-2]),
    );
  });

  it.each([
    [0, 7],
    [-1, 2],
    [4, 3],
    [0.5, 2],
    [0, Number.NaN],
  ])('refuses the range [%d, %d)', async (start, end) => {
    const tensors = await open(good());
    await expectRefusal(() => tensors.read('w', { range: { start, end } }), 'model.safetensors', {
      error: ShapeError,
      says: ['range is not inside the tensor', '<= 6 elements', `start ${start}, end ${end}`, 'tensor "w"'],
    });
  });

  it('widens F16 and BF16, passes F32, narrows F64', async () => {
    const tensors = await open(good());
    expect(await tensors.readFloat32('half')).toEqual(new Float32Array([1, -2]));
    expect(await tensors.readFloat32('brain')).toEqual(new Float32Array([1, -2]));
    expect(await tensors.readFloat32('w')).toEqual(new Float32Array([1, 2, 3, 4, 5, 6]));
    expect(await tensors.readFloat32('double')).toEqual(
      new Float32Array([Math.fround(0.1), Number.POSITIVE_INFINITY]),
    );
  });

  it.each(['ids', 'mask'])('refuses to read %s as float32', async (name) => {
    const tensors = await open(good());
    await expectRefusal(() => tensors.readFloat32(name), 'model.safetensors', {
      error: UnsupportedError,
      says: ['as float32', 'one of: F64, F32, F16, BF16', `tensor "${name}"`],
    });
  });

  it('names the tensor, the file and near names when there is no such tensor', async () => {
    const names = [
      'model.layers.0.mlp.up_proj.weight',
      'model.layers.1.mlp.up_proj.weight',
      'lm_head.weight',
    ];
    const tensor = new Tensor('F32', [1], new Float32Array(1));
    const tensors = await open(encodeSafetensors(new Map(names.map((name) => [name, tensor]))));
    const refusal = {
      error: NotFoundError,
      says: [
        'no such tensor',
        "expected one of the file's 3 tensors",
        'received "model.layers.0.mlp.up_proj.wieght"',
        'Did you mean "model.layers.0.mlp.up_proj.weight" or "model.layers.1.mlp.up_proj.weight"?',
      ],
    };
    const wrong = 'model.layers.0.mlp.up_proj.wieght';
    await expectRefusal(() => tensors.info(wrong), 'model.safetensors', refusal);
    await expectRefusal(() => tensors.read(wrong), 'model.safetensors', refusal);
    await expectRefusal(() => tensors.readFloat32(wrong), 'model.safetensors', refusal);
  });

  it('gives views of memory where aligned, and copies where not', async () => {
    const bytes = good();
    const tensors = await open(bytes);
    expect((await tensors.read('w')).data.buffer).toBe(bytes.buffer);
    const unaligned = safetensorsFile(`${JSON.stringify({ w: f32(0, 8) })} `.padEnd(65, ' '), 8);
    const copy = await (await open(unaligned)).read('w');
    expect(copy.data.buffer).not.toBe(unaligned.buffer);
    expect(copy.data.length).toBe(2);
  });

  it('gives the same tensors from a blob', async () => {
    const bytes = good();
    const tensors = await openSafetensors(blobSource(new Blob([bytes.slice()])));
    expect(await tensors.readFloat32('w')).toEqual(new Float32Array([1, 2, 3, 4, 5, 6]));
    await tensors.close();
  });

  it('takes names that are also properties of objects', async () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty', '', '7', 'é\u{1f600}'];
    const map = new Map(names.map((name, i) => [name, new Tensor('U8', [1], new Uint8Array([i]))]));
    const tensors = await open(encodeSafetensors(map, JSON.parse('{"__proto__":"x","a":"b"}')));
    for (const [name, tensor] of map) expect((await tensors.read(name)).data).toEqual(tensor.data);
    expect(Object.entries(tensors.metadata)).toEqual([
      ['__proto__', 'x'],
      ['a', 'b'],
    ]);
  });

  it('takes a file of no tensors, and fields it does not know', async () => {
    expect((await open(safetensorsFile({}))).names()).toEqual([]);
    expect((await open(safetensorsFile({ w: { ...f32(0, 4), note: [1] } }, 4))).names()).toEqual(['w']);
  });

  const w = (fields: object) => safetensorsFile({ w: { ...f32(0, 8), ...fields } }, 8);
  const format = (...says: string[]): Refusal => ({ error: FormatError, says });
  const latin1 = new Uint8Array([0x7b, 0x22, 0xe9, 0x22, 0x7d]);
  const hostile: [string, Uint8Array, Refusal][] = [
    ['no bytes', new Uint8Array(0), format('too short', 'at least 8 bytes', 'received 0')],
    ['seven bytes', new Uint8Array(7), format('too short', 'at least 8 bytes', 'received 7')],
    ['an empty header', safetensorsFile(''), format('header is not a JSON object', 'received nothing')],
    [
      'a header length over the limit',
      safetensorsFile({}, 0, SAFETENSORS_HEADER_LIMIT + 1),
      format('over the limit', 'at most 100000000 bytes', 'received 100000001'),
    ],
    [
      'a header length of 2^64 - 1',
      safetensorsFile({}, 0, 2n ** 64n - 1n),
      format('over the limit', 'received 18446744073709551615'),
    ],
    [
      'a header past the end',
      safetensorsFile({}, 0, 3),
      format('longer than the file', 'at most 2 bytes', 'received 3'),
    ],
    [
      'bytes that are not UTF-8',
      safetensorsFile(latin1),
      format('header is not text', 'expected UTF-8', 'invalid bytes'),
    ],
    ['a byte order mark', safetensorsFile('\ufeff{}'), format('is not a JSON object', 'expected "{" first')],
    ['a space first', safetensorsFile(' {}'), format('is not a JSON object', 'expected "{" first')],
    ['a JSON array', safetensorsFile('[]'), format('is not a JSON object', '"[]"')],
    ['JSON null', safetensorsFile('null'), format('is not a JSON object', '"null"')],
    ['cut JSON', safetensorsFile('{"w":'), format('is not valid JSON', 'expected a JSON object')],
    ['a cut string', safetensorsFile('{"w\\'), format('is not valid JSON')],
    ['two values', safetensorsFile('{}{}'), format('is not valid JSON')],
    ['zero bytes after the JSON', safetensorsFile('{}\0\0'), format('is not valid JSON')],
    [
      'deep nesting',
      safetensorsFile('{"w":'.repeat(1e5)),
      format('nested too deep', 'at most 16 levels', 'received 17'),
    ],
    [
      'deep arrays',
      safetensorsFile(`{"w":${'['.repeat(1e6)}`),
      format('nested too deep', 'at most 16 levels'),
    ],
    [
      'a tensor twice',
      safetensorsFile('{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":{}}'),
      format('has a key twice', 'every key once', 'received "w" twice'),
    ],
    [
      'a tensor twice in other spelling',
      safetensorsFile('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{}}'),
      format('has a key twice', '"a" twice'),
    ],
    [
      'a field twice',
      safetensorsFile('{"w":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}'),
      format('has a key twice', '"dtype" twice'),
    ],
    [
      'metadata as an array',
      safetensorsFile({ __metadata__: [] }),
      format('__metadata__ is not an object', 'received []'),
    ],
    [
      'metadata as null',
      safetensorsFile({ __metadata__: null }),
      format('__metadata__ is not an object', 'null'),
    ],
    [
      'metadata with a number',
      safetensorsFile({ __metadata__: { a: 1 } }),
      format('not a string', 'expected a string', 'received 1', 'key "a"'),
    ],
    [
      'a tensor as a number',
      safetensorsFile({ w: 5 }),
      format('entry is not an object', 'received 5', 'tensor "w"'),
    ],
    ['a tensor as an array', safetensorsFile({ w: [] }), format('entry is not an object', 'received []')],
    ['a tensor as null', safetensorsFile({ w: null }), format('entry is not an object', 'received null')],
    [
      'no dtype',
      w({ dtype: undefined }),
      format('bad dtype', 'expected a string', 'received nothing', 'tensor "w"'),
    ],
    ['a number as dtype', w({ dtype: 4 }), format('bad dtype', 'received 4')],
    [
      'an unknown dtype',
      w({ dtype: 'F33' }),
      {
        error: UnsupportedError,
        says: ['unknown dtype', 'one of: F64, F32, F16', 'BOOL', 'received "F33"', 'tensor "w"'],
      },
    ],
    [
      'a property of objects as dtype',
      w({ dtype: 'toString' }),
      { error: UnsupportedError, says: ['unknown dtype'] },
    ],
    ['no shape', w({ shape: undefined }), format('bad shape', 'received nothing')],
    ['a shape that is no array', w({ shape: 2 }), format('bad shape', 'an array of integers', 'received 2')],
    ['a negative size', w({ shape: [-2] }), format('bad shape', 'received [-2]')],
    ['a fractional size', w({ shape: [2.5] }), format('bad shape', 'received [2.5]')],
    ['a size as text', w({ shape: ['2'] }), format('bad shape', 'received ["2"]')],
    [
      'a size over 2^53',
      safetensorsFile('{"w":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,8]}}', 8),
      format('bad shape'),
    ],
    [
      'an infinite size',
      safetensorsFile('{"w":{"dtype":"F32","shape":[1e999],"data_offsets":[0,8]}}', 8),
      format('bad shape'),
    ],
    [
      'a product over 2^53',
      w({ shape: [94906267, 94906267] }),
      format('shape overflows', 'at most 2^53 - 1 bytes'),
    ],
    ['bytes over 2^53', w({ shape: [9007199254740991] }), format('shape overflows', '[9007199254740991]')],
    ['an infinite product', w({ shape: new Array(40).fill(9007199254740991) }), format('shape overflows')],
    [
      'no data_offsets',
      w({ data_offsets: undefined }),
      format('bad data_offsets', 'two integers', 'received nothing'),
    ],
    ['one offset', w({ data_offsets: [0] }), format('bad data_offsets', 'received [0]')],
    ['three offsets', w({ data_offsets: [0, 8, 8] }), format('bad data_offsets', 'received [0,8,8]')],
    ['a negative offset', w({ data_offsets: [-8, 0] }), format('bad data_offsets', 'received [-8,0]')],
    ['a fractional offset', w({ data_offsets: [0, 8.5] }), format('bad data_offsets', 'received [0,8.5]')],
    ['offsets as text', w({ data_offsets: ['0', '8'] }), format('bad data_offsets', 'received ["0","8"]')],
    ['offsets as null', w({ data_offsets: null }), format('bad data_offsets', 'received null')],
    [
      'offsets that run backwards',
      w({ data_offsets: [8, 0] }),
      format('run backwards', 'begin <= end', '[8,0]'),
    ],
    [
      'a range past the end',
      w({ data_offsets: [0, 12] }),
      format('past the end', 'at most 8 bytes of data', 'received 12'),
    ],
    [
      'an offset of 2^53 - 1',
      w({ data_offsets: [0, 9007199254740991] }),
      format('past the end', '9007199254740991'),
    ],
    [
      'truncated data',
      safetensorsFile({ w: f32(0, 8) }, 7),
      format('past the end of the file', 'at most 7 bytes of data', 'received 8', 'tensor "w"'),
    ],
    [
      'too few bytes for the shape',
      w({ shape: [3] }),
      format('do not fit dtype F32 and shape [3]', '12 bytes', 'received 8'),
    ],
    [
      'too many bytes for the shape',
      w({ shape: [1] }),
      format('do not fit', 'expected 4 bytes', 'received 8'),
    ],
    ['bytes for an empty tensor', w({ shape: [0] }), format('do not fit', 'expected 0 bytes', 'received 8')],
    [
      'two tensors over the same bytes',
      safetensorsFile({ a: f32(0, 8), b: f32(0, 8) }, 8),
      format('overlaps', 'expected begin 8', 'received 0', 'tensor "b"'),
    ],
    [
      'tensors that overlap in part',
      safetensorsFile({ b: f32(4, 12), a: f32(0, 8) }, 12),
      format('overlaps', 'expected begin 8', 'received 4', 'tensor "b"'),
    ],
    [
      'a hole between tensors',
      safetensorsFile({ a: f32(0, 4), b: f32(8, 12) }, 12),
      format('hole in the data', 'expected begin 4', 'received 8', 'tensor "b"'),
    ],
    [
      'a hole at the start',
      safetensorsFile({ a: f32(4, 8) }, 8),
      format('hole in the data', 'begin 0', 'received 4'),
    ],
    [
      'an empty tensor in a hole',
      safetensorsFile({ a: f32(0, 4), b: f32(6, 6, [0]) }, 8),
      format('hole in the data'),
    ],
    [
      'bytes after the last tensor',
      safetensorsFile({ a: f32(0, 4) }, 9),
      format('bytes after', '4 bytes', 'received 9'),
    ],
    [
      'data without tensors',
      safetensorsFile({}, 1),
      format('bytes after the last tensor', 'expected 0', 'received 1'),
    ],
  ];

  it.each(hostile)('refuses %s', async (_, bytes, refusal) => {
    await expectRefusal(() => open(bytes), 'model.safetensors', refusal);
  });

  it('refuses a boolean that is neither 0 nor 1 when it is read', async () => {
    const bytes = safetensorsFile({ m: { dtype: 'BOOL', shape: [3], data_offsets: [0, 3] } }, 3);
    bytes[bytes.length - 1] = 2;
    const tensors = await open(bytes);
    await expectRefusal(() => tensors.read('m'), 'model.safetensors', {
      error: FormatError,
      says: ['element 2 of a BOOL tensor', 'expected 0 or 1', 'received 2', 'tensor "m"'],
    });
  });

  it('cuts long names in messages', async () => {
    const bytes = safetensorsFile({ ['n'.repeat(1e6)]: 5 });
    const error = await open(bytes).catch((e: Error) => e);
    expect((error as Error).message.length).toBeLessThan(500);
  });
});
