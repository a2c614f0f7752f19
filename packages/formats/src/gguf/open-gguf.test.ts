import { NotFoundError, ShapeError, UnsupportedError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { expectRefusal } from '../../test/hostile.ts';
import { goldenBytes } from '../../test/read-golden.ts';
import type { ByteSource } from '../byte-source.ts';
import { memorySource } from '../memory-source.ts';
import type { StorageType } from '../tensor-source.ts';
import { array, key, rawGguf, str, TYPE, tensor, u32 } from './__fixtures__/raw-gguf.ts';
import { encodeGguf } from './encode-gguf.ts';
import { ggufNumber } from './gguf-number.ts';
import type { GgufValue } from './gguf-value.ts';
import { openGguf } from './open-gguf.ts';
import { dequantizeBlocks, quantizeBlocks } from './quantize-blocks.ts';

const open = (bytes: Uint8Array) => openGguf(memorySource(bytes, 'model.gguf'));

/** A source that logs its reads. */
function logged(bytes: Uint8Array) {
  const memory = memorySource(bytes, 'model.gguf');
  const log = { reads: [] as [number, number][], closed: 0 };
  const source: ByteSource = {
    ...memory,
    read: (offset, length) => {
      log.reads.push([offset, length]);
      return memory.read(offset, length);
    },
    close: async () => void log.closed++,
  };
  return { log, source };
}

const python = () => new Uint8Array(goldenBytes('gguf/gguf_py.gguf'));

const cosines = new Float32Array(512).map((_, i) => 0.1 + 2 * Math.cos(i));

describe('a file of the reference writer in Python', () => {
  it('has every metadata type', async () => {
    const file = await open(python());
    expect(file.version).toBe(3);
    expect(file.architecture).toBe('llama');
    expect(file.alignment).toBe(32);
    expect(Object.fromEntries(file.fields)).toEqual({
      'general.architecture': { type: 'string', value: 'llama' },
      't.u8': { type: 'u8', value: 200 },
      't.i8': { type: 'i8', value: -100 },
      't.u16': { type: 'u16', value: 60000 },
      't.i16': { type: 'i16', value: -30000 },
      't.u32': { type: 'u32', value: 4000000000 },
      't.i32': { type: 'i32', value: -2000000000 },
      't.f32': { type: 'f32', value: 1.5 },
      't.u64': { type: 'u64', value: 2n ** 63n + 1n },
      't.i64': { type: 'i64', value: -(2n ** 62n) },
      't.f64': { type: 'f64', value: 0.1 },
      't.bool': { type: 'bool', value: true },
      't.string': { type: 'string', value: 'naïve ▁token' },
      't.strings': { type: 'array', of: 'string', value: ['a', '', '▁b', '😀'] },
      't.ints': { type: 'array', of: 'i32', value: new Int32Array([1, -2, 3]) },
      't.floats': { type: 'array', of: 'f32', value: new Float32Array([0.5, -1.25]) },
      't.bools': { type: 'array', of: 'bool', value: [true, false] },
    });
    expect(file.metadata).toEqual({ 'general.architecture': 'llama', 't.string': 'naïve ▁token' });
  });

  it('has its tensors, row-major', async () => {
    const file = await open(python());
    expect(file.names()).toEqual(['w.f32', 'w.f16', 'w.q8_0', 'w.q4_0', 'w.bf16', 'deep']);
    expect(file.info('w.q8_0')).toEqual({ name: 'w.q8_0', dtype: 'Q8_0', shape: [2, 64], byteLength: 136 });
    expect(file.info('deep')).toEqual({ name: 'deep', dtype: 'I32', shape: [2, 3, 4], byteLength: 96 });
    expect((await file.read('deep')).data).toEqual(new Int32Array(24).map((_, i) => i));
    const exact = await file.readFloat32('w.f32');
    expect(exact[1]).toBeCloseTo(0.1 + 2 * Math.cos(1), 5);
    for (const [name, bound] of [
      ['w.f16', 0.001],
      ['w.bf16', 0.008],
      ['w.q8_0', 0.01],
      ['w.q4_0', 0.15],
    ] as const) {
      const values = await file.readFloat32(name);
      expect(values.length).toBe(128);
      for (const [i, x] of values.entries()) expect(Math.abs(x - exact[i]!), name).toBeLessThan(bound);
    }
    expect(await file.readBytes('w.q8_0')).toEqual(quantizeBlocks('Q8_0', exact));
    expect(await file.readBytes('w.q4_0')).toEqual(quantizeBlocks('Q4_0', exact));
  });
});

describe('tensors', () => {
  const types: StorageType[] = ['Q4_K', 'Q8_0', 'F32'];
  const bytes = encodeGguf({
    fields: new Map<string, GgufValue>([['general.architecture', { type: 'string', value: 'x' }]]),
    tensors: types.map((type) => ({
      name: type,
      shape: [2, 256],
      type,
      data: quantizeBlocks(type as 'F32', cosines),
    })),
  });

  it.each(['Q4_K', 'Q8_0'] as const)('reads ranges of %s from the whole blocks around them', async (type) => {
    const { log, source } = logged(bytes);
    const file = await openGguf(source);
    const whole = await file.readFloat32(type);
    expect(whole).toEqual(dequantizeBlocks(type, quantizeBlocks(type, cosines)));
    for (const [start, end] of [
      [0, 512],
      [0, 1],
      [255, 257],
      [256, 512],
      [31, 33],
      [511, 512],
      [7, 7],
      [512, 512],
    ] as const) {
      expect(await file.readFloat32(type, { range: { start, end } })).toEqual(whole.slice(start, end));
    }
    log.reads.length = 0;
    await file.readFloat32('Q8_0', { range: { start: 33, end: 65 } });
    expect(log.reads.map(([, length]) => length)).toEqual([2 * 34]);
  });

  it('refuses ranges outside, unknown names, and a plain reading of blocks', async () => {
    const file = await open(bytes);
    for (const range of [
      { start: -1, end: 2 },
      { start: 3, end: 2 },
      { start: 0, end: 513 },
      { start: 0.5, end: 2 },
    ]) {
      for (const type of types) {
        await expectRefusal(() => file.readFloat32(type, { range }), 'model.gguf', {
          error: ShapeError,
          says: ['range is not inside the tensor', `tensor "${type}"`],
        });
      }
    }
    await expectRefusal(() => file.read('Q4_K'), 'model.gguf', {
      error: UnsupportedError,
      says: ['stored in blocks', 'received Q4_K', 'Use readFloat32 to dequantize it, or readBytes'],
    });
    expect(file.has('Q4_K')).toBe(true);
    expect(file.has('toString')).toBe(false);
    for (const call of ['info', 'read', 'readFloat32', 'readBytes'] as const) {
      await expectRefusal(async () => file[call]('Q4_L'), 'model.gguf', {
        error: NotFoundError,
        says: ['no such tensor', 'Did you mean "Q4_K"'],
      });
    }
  });

  it('closes its source', async () => {
    const { log, source } = logged(bytes);
    await (await openGguf(source)).close();
    expect(log.closed).toBe(1);
  });
});

describe('headers', () => {
  it('may be of version 2, without keys and tensors', async () => {
    const file = await open(rawGguf({ version: 2 }));
    expect(file.version).toBe(2);
    expect(file.names()).toEqual([]);
    expect(file.fields.size).toBe(0);
    expect(file.architecture).toBeUndefined();
  });

  it('may have nested arrays, empty arrays and odd keys', async () => {
    const keys = [
      [...key('a', TYPE.array), ...array(TYPE.array, 2), ...array(TYPE.u8, 1), 7, ...array(TYPE.string, 0)],
      [...key('__proto__', TYPE.string), ...str('x')],
      [...key('e', TYPE.array), ...array(TYPE.u64, 0)],
    ];
    const file = await open(rawGguf({ keys }));
    expect(file.fields.get('a')).toEqual({
      type: 'array',
      of: 'array',
      value: [
        { type: 'array', of: 'u8', value: new Uint8Array([7]) },
        { type: 'array', of: 'string', value: [] },
      ],
    });
    expect(Object.keys(file.metadata)).toEqual(['__proto__']);
    expect(file.fields.get('e')).toEqual({ type: 'array', of: 'u64', value: new BigUint64Array(0) });
  });

  it('may have scalars, empty tensors, tensors out of order and holes', async () => {
    const tensors = [
      tensor('late', [2], 0, 64),
      tensor('scalar', [], 0, 0),
      tensor('empty', [32, 0, 9], 2, 32),
    ];
    const file = await open(rawGguf({ tensors, dataLength: 72 }));
    expect(file.info('scalar')).toEqual({ name: 'scalar', dtype: 'F32', shape: [], byteLength: 4 });
    expect(file.info('empty')).toEqual({ name: 'empty', dtype: 'Q4_0', shape: [9, 0, 32], byteLength: 0 });
    expect((await file.readFloat32('empty')).length).toBe(0);
    expect((await file.readFloat32('late')).length).toBe(2);
  });

  it('may state an alignment', async () => {
    const keys = [[...key('general.alignment', TYPE.u32), ...u32(8)]];
    const file = await open(rawGguf({ keys, tensors: [tensor('w', [1], 0, 8)], dataLength: 12 }));
    expect(file.alignment).toBe(8);
  });

  it('are read in windows that double, and the data not at all', async () => {
    const small = logged(rawGguf({ tensors: [tensor('w', [1_000_000], 0, 0)], dataLength: 4_000_000 }));
    await openGguf(small.source);
    expect(small.log.reads).toEqual([[0, 262_144]]);

    const tokens = Array.from({ length: 150_000 }, (_, i) => `▁token ${i}`);
    const fields = new Map<string, GgufValue>([['t', { type: 'array', of: 'string', value: tokens }]]);
    const large = logged(encodeGguf({ fields, tensors: [] }));
    const start = performance.now();
    const file = await openGguf(large.source);
    expect(performance.now() - start).toBeLessThan(1000); // 60 ms on a desk; the bound is for a loaded machine
    expect(file.fields.get('t')?.value).toEqual(tokens);
    expect(large.log.reads.map(([, length]) => length).slice(0, 3)).toEqual([262_144, 524_288, 1_048_576]);
    expect(large.log.reads.length).toBeLessThan(6);
  });

  it('give a value larger than a window one read', async () => {
    const value = new Uint8Array(3_000_000).fill(1);
    const fields = new Map<string, GgufValue>([['t', { type: 'array', of: 'u8', value }]]);
    const { log, source } = logged(encodeGguf({ fields, tensors: [] }));
    expect((await openGguf(source)).fields.get('t')?.value).toEqual(value);
    expect(log.reads.length).toBe(2);
  });
});

describe('ggufNumber', () => {
  const fields = new Map<string, GgufValue>([
    ['a', { type: 'u32', value: 32 }],
    ['b', { type: 'u64', value: 4096n }],
    ['c', { type: 'i64', value: -5n }],
    ['d', { type: 'u64', value: 2n ** 53n }],
    ['e', { type: 'string', value: '12' }],
    ['f', { type: 'f32', value: 0.5 }],
    ['g', { type: 'i64', value: -(2n ** 53n) }],
  ]);

  it('takes 32-bit and 64-bit numbers', () => {
    expect(['a', 'b', 'c', 'f', 'missing'].map((name) => ggufNumber(fields, name))).toEqual([
      32,
      4096,
      -5,
      0.5,
      undefined,
    ]);
  });

  it('refuses the rest by key', () => {
    expect(() => ggufNumber(fields, 'd')).toThrow('received 9007199254740992 (key "d")');
    expect(() => ggufNumber(fields, 'g')).toThrow('received -9007199254740992');
    expect(() => ggufNumber(fields, 'e')).toThrow('received string (key "e")');
  });
});
