import { InvalidInputError } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldenBytes } from '../../test/read-golden.ts';
import { memorySource } from '../memory-source.ts';
import type { StorageType } from '../tensor-source.ts';
import { BLOCK_FORMATS } from './block-formats.ts';
import { encodeGguf, encodeGgufHeader, type GgufTensor } from './encode-gguf.ts';
import type { GgufArray, GgufNumberType, GgufValue } from './gguf-value.ts';
import { blockOf, tensorBytes } from './internal/tensor-types.ts';
import { openGguf } from './open-gguf.ts';

const open = (bytes: Uint8Array) => openGguf(memorySource(bytes, 'model.gguf'));
const none = new Map<string, GgufValue>();

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const number = <T extends GgufNumberType>(type: T, value: fc.Arbitrary<unknown>) =>
  value.map((v) => ({ type, value: v }) as GgufValue);
const numbers = <T extends GgufNumberType>(of: T, value: fc.Arbitrary<unknown>) =>
  value.map((v) => ({ type: 'array', of, value: v }) as GgufArray);

const flatArray = fc.oneof(
  numbers('u8', fc.uint8Array()),
  numbers('i8', fc.int8Array()),
  numbers('u16', fc.uint16Array()),
  numbers('i16', fc.int16Array()),
  numbers('u32', fc.uint32Array()),
  numbers('i32', fc.int32Array()),
  numbers('f32', fc.float32Array()),
  numbers('f64', fc.float64Array()),
  numbers('u64', fc.bigUint64Array()),
  numbers('i64', fc.bigInt64Array()),
  fc.array(fc.boolean()).map((value): GgufArray => ({ type: 'array', of: 'bool', value })),
  fc.array(text).map((value): GgufArray => ({ type: 'array', of: 'string', value })),
);

const value: fc.Arbitrary<GgufValue> = fc.oneof(
  number('u8', fc.integer({ min: 0, max: 255 })),
  number('i8', fc.integer({ min: -128, max: 127 })),
  number('u16', fc.integer({ min: 0, max: 65535 })),
  number('i16', fc.integer({ min: -32768, max: 32767 })),
  number('u32', fc.integer({ min: 0, max: 0xffffffff })),
  number('i32', fc.integer()),
  number('f32', fc.float()),
  number('f64', fc.double()),
  number('u64', fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  number('i64', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  fc.boolean().map((v): GgufValue => ({ type: 'bool', value: v })),
  text.map((v): GgufValue => ({ type: 'string', value: v })),
  flatArray,
  fc
    .array(
      fc.oneof(
        flatArray,
        fc.array(flatArray).map((v): GgufArray => ({ type: 'array', of: 'array', value: v })),
      ),
    )
    .map((v): GgufValue => ({ type: 'array', of: 'array', value: v })),
);

const types: StorageType[] = ['F32', 'F16', 'BF16', 'F64', 'I8', 'I16', 'I32', 'I64'];
const tensor: fc.Arbitrary<Omit<GgufTensor, 'name'>> = fc
  .record({
    type: fc.constantFrom(...types, ...Object.values(BLOCK_FORMATS).map((format) => format.name)),
    outer: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
    blocks: fc.integer({ min: 1, max: 3 }),
    fill: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ type, outer, blocks, fill }) => {
    const shape = [...outer, blocks * blockOf(type).size];
    return { type, shape, data: new Uint8Array(tensorBytes(type, shape)!).fill(fill) };
  });

describe('encodeGguf', () => {
  it('is read back as it was written', async () => {
    const key = fc.stringMatching(/^[a-z0-9_.-]{1,30}$/);
    const fields = fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 8 });
    const alignment = fc.constantFrom(undefined, 8, 32, 64, 4096);
    await fc.assert(
      fc.asyncProperty(
        fields,
        fc.array(tensor, { maxLength: 5 }),
        alignment,
        async (entries, shapes, align) => {
          const map = new Map(entries.filter(([name]) => !name.startsWith('general.')));
          if (align !== undefined) map.set('general.alignment', { type: 'u32', value: align });
          const tensors = shapes.map((one, i) => ({ name: `blk.${i}.weight`, ...one }));
          const bytes = encodeGguf({ fields: map, tensors });
          const file = await open(bytes);
          expect([...file.fields]).toEqual([...map]);
          expect(file.alignment).toBe(align ?? 32);
          expect(bytes.length % file.alignment).toBe(0);
          expect(file.names()).toEqual(tensors.map(({ name }) => name));
          for (const { name, type, shape, data } of tensors) {
            expect(file.info(name)).toEqual({ name, dtype: type, shape, byteLength: data.length });
            const stored = await file.readBytes(name);
            expect(stored).toEqual(data);
            expect(stored.byteOffset % file.alignment).toBe(0);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('writes the bytes of the reference writer in Python', async () => {
    const golden = new Uint8Array(goldenBytes('gguf/gguf_py.gguf'));
    const file = await open(golden);
    const tensors: GgufTensor[] = [];
    for (const name of file.names()) {
      const { shape, dtype } = file.info(name);
      tensors.push({ name, shape, type: dtype, data: await file.readBytes(name) });
    }
    expect(encodeGguf({ fields: file.fields, tensors })).toEqual(golden);
  });

  it('keeps -0, NaN and infinities in the metadata', async () => {
    const fields = new Map<string, GgufValue>([
      ['a', { type: 'f32', value: -0 }],
      ['b', { type: 'f64', value: Number.NaN }],
      ['c', { type: 'f32', value: Number.NEGATIVE_INFINITY }],
    ]);
    expect([...(await open(encodeGguf({ fields, tensors: [] }))).fields]).toEqual([...fields]);
  });
});

describe('encodeGgufHeader', () => {
  it('places the data of every tensor at the alignment, the end too', () => {
    const header = encodeGgufHeader(none, [
      { name: 'a', shape: [3], type: 'F32' },
      { name: 'b', shape: [], type: 'I8' },
      { name: 'c', shape: [2, 256], type: 'Q6_K' },
    ]);
    const start = header.head.length;
    expect(start % 32).toBe(0);
    expect(header.places).toEqual([
      { offset: start, byteLength: 12 },
      { offset: start + 32, byteLength: 1 },
      { offset: start + 64, byteLength: 420 },
    ]);
    expect(header.byteLength).toBe(start + 64 + 448);
  });

  const one = (fields: Partial<GgufTensor>) => () =>
    encodeGgufHeader(none, [{ name: 'w', shape: [32], type: 'F32', ...fields }]);
  const field = (name: string, bad: unknown) => () =>
    encodeGgufHeader(new Map([[name, bad as GgufValue]]), []);

  it.each<[string, () => unknown, string[]]>([
    ['an empty name', one({ name: '' }), ['bad tensor name', '1 to 63 bytes']],
    ['a name of 64 bytes', one({ name: 'é'.repeat(32) }), ['bad tensor name', 'received 64 bytes']],
    ['a lone surrogate in a name', one({ name: '\ud800' }), ['bad tensor name', 'well-formed']],
    [
      'five dimensions',
      one({ shape: [1, 1, 1, 1, 1] }),
      ['bad shape', 'at most 4', '[1, 1, 1, 1, 1]', 'tensor "w"'],
    ],
    ['a size of 0', one({ shape: [0, 32] }), ['bad shape', '[0, 32]']],
    ['a size of 1.5', one({ shape: [1.5] }), ['bad shape']],
    ['an overflow', one({ shape: [2 ** 30, 2 ** 30] }), ['shape overflows']],
    [
      'rows that are not whole blocks',
      one({ type: 'Q4_0', shape: [2, 16] }),
      ['not whole blocks of Q4_0', 'multiple of 32', 'received 16'],
    ],
    [
      'a dtype that GGUF does not have',
      one({ type: 'U8' }),
      ['GGUF does not have this type', 'one of: F32, F16, Q4_0', 'received U8'],
    ],
    ['an unknown type', one({ type: 'Q9' as 'F32' }), ['GGUF does not have this type', 'Q9']],
    ['an empty key', field('', { type: 'u8', value: 1 }), ['bad key']],
    ['a key with a space', field('a b', { type: 'u8', value: 1 }), ['bad key', 'printable ASCII']],
    ['a key outside ASCII', field('ä', { type: 'u8', value: 1 }), ['bad key']],
    ['a key too long', field('k'.repeat(65536), { type: 'u8', value: 1 }), ['bad key', '65535']],
    [
      'an unknown metadata type',
      field('a', { type: 'u128', value: 1 }),
      ['bad metadata type', 'u128', 'key "a"'],
    ],
    ['an unknown element type', field('a', { type: 'array', of: 'u128', value: [] }), ['bad element type']],
    ['a u8 of 256', field('a', { type: 'u8', value: 256 }), ['bad u8', 'an integer from 0 to 255', '256']],
    ['a u32 of -1', field('a', { type: 'u32', value: -1 }), ['bad u32']],
    ['an i32 of 0.5', field('a', { type: 'i32', value: 0.5 }), ['bad i32', 'an integer']],
    ['a u64 of a number', field('a', { type: 'u64', value: 1 }), ['bad u64', 'a bigint', 'number']],
    ['a u64 of 2^64', field('a', { type: 'u64', value: 2n ** 64n }), ['bad u64', '18446744073709551616']],
    ['an i64 below -2^63', field('a', { type: 'i64', value: -(2n ** 63n) - 1n }), ['bad i64']],
    ['an f32 of a string', field('a', { type: 'f32', value: '1' }), ['bad f32', 'a number']],
    ['a bool of 1', field('a', { type: 'bool', value: 1 }), ['bad bool', 'true or false']],
    ['a string of a number', field('a', { type: 'string', value: 1 }), ['bad string']],
    [
      'a lone surrogate in a string',
      field('a', { type: 'string', value: '\udc00' }),
      ['bad string', 'well-formed'],
    ],
    [
      'a plain array of numbers',
      field('a', { type: 'array', of: 'i32', value: [1] }),
      ['bad array of i32', 'typed array'],
    ],
    [
      'strings that are not an array',
      field('a', { type: 'array', of: 'string', value: 'ab' }),
      ['bad array of string'],
    ],
    ['arrays nested five deep', field('a', deep(5)), ['bad nesting', 'at most 4 levels']],
    [
      'a bad alignment',
      field('general.alignment', { type: 'u32', value: 12 }),
      ['bad alignment', 'power of two'],
    ],
    [
      'an alignment of another type',
      field('general.alignment', { type: 'u64', value: 32n }),
      ['bad alignment', 'u64'],
    ],
  ])('refuses %s', (_name, run, says) => {
    expect(run).toThrow(InvalidInputError);
    for (const piece of says) expect(run).toThrow(piece);
  });

  it('refuses a tensor twice, and too many tensors', () => {
    const w = { name: 'w', shape: [1], type: 'F32' } as const;
    expect(() => encodeGgufHeader(none, [w, w])).toThrow('a tensor is there twice');
    const many = new Array(100_001).fill(w);
    expect(() => encodeGgufHeader(none, many)).toThrow(
      'too many tensors, expected at most 100000, received 100001',
    );
  });

  it('refuses a header over its limit', () => {
    const value = new Uint8Array(16_777_216);
    const fields = new Map(
      [...'abcdef'].map((name) => [name, { type: 'array', of: 'u8', value } as GgufValue]),
    );
    expect(() => encodeGgufHeader(fields, [])).toThrow('header would be over the limit');
  });
});

it('encodeGguf refuses data of another length', () => {
  const encode = () =>
    encodeGguf({ fields: none, tensors: [{ name: 'w', shape: [2], type: 'F32', data: new Uint8Array(7) }] });
  expect(encode).toThrow(InvalidInputError);
  expect(encode).toThrow('expected a Uint8Array of 8 bytes, received 7 (tensor "w")');
});

function deep(levels: number): unknown {
  if (levels === 1) return { type: 'array', of: 'u8', value: new Uint8Array(1) };
  return { type: 'array', of: 'array', value: [deep(levels - 1)] };
}
