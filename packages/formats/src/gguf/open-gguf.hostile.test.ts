import { FormatError, UnsupportedError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { expectRefusal, failureOf, type Refusal } from '../../test/hostile.ts';
import { goldenBytes } from '../../test/read-golden.ts';
import { memorySource } from '../memory-source.ts';
import { array, key, type RawGguf, rawGguf, str, TYPE, tensor, u32, u64 } from './__fixtures__/raw-gguf.ts';
import {
  GGUF_ARRAY_LIMIT,
  GGUF_HEADER_LIMIT,
  GGUF_KEY_BYTES_LIMIT,
  GGUF_STRING_BYTES_LIMIT,
} from './gguf-limits.ts';
import { openGguf } from './open-gguf.ts';

const FILE = 'hostile.gguf';
const open = (bytes: Uint8Array) => openGguf(memorySource(bytes, FILE));

const format = (...says: string[]): Refusal => ({ error: FormatError, says });
const unsupported = (...says: string[]): Refusal => ({ error: UnsupportedError, says });

const MAX_U64 = 2n ** 64n - 1n;
const bytes = (...values: number[]) => new Uint8Array(values);
const value = (name: string, type: number, ...rest: number[]) => [...key(name, type), ...rest];
const alignment = (n: number) => [value('general.alignment', TYPE.u32, ...u32(n))];
const nested = (depth: number) => {
  const levels = Array.from({ length: depth - 1 }, () => array(TYPE.array, 1)).flat();
  return [value('n', TYPE.array, ...levels, ...array(TYPE.u8, 1), 1)];
};

/** Description of the case, what the file says, what the refusal says. */
const CASES: readonly [string, RawGguf, Refusal][] = [
  // magic and version
  ['another magic', { magic: 'GGML' }, format('not a GGUF file', '"GGUF" first', '0x4c4d4747')],
  ['version 0', { version: 0 }, unsupported('unknown version', 'expected version 2 or 3', 'received 0')],
  ['version 1', { version: 1 }, unsupported('unknown version', 'received 1', 'convert the model again')],
  ['version 4', { version: 4 }, unsupported('unknown version', 'received 4')],
  ['a big-endian file', { version: 0x03000000 }, unsupported('big-endian', '0x03000000', 'Convert it')],

  // counts
  ['more tensors than the limit', { tensorCount: 100_001 }, format('too many tensors', 'at most 100000')],
  ['2^64 − 1 tensors', { tensorCount: MAX_U64 }, format('too many tensors', '18446744073709552000')],
  ['more keys than the limit', { keyCount: 100_001 }, format('too many metadata keys', 'received 100001')],
  ['2^63 keys', { keyCount: 2n ** 63n }, format('too many metadata keys')],
  [
    'more tensors than the file can hold',
    { tensorCount: 50_000 },
    format('counts do not fit the file', '1200000'),
  ],
  [
    'more keys than the file can hold',
    { keyCount: 3, keys: [value('a', TYPE.u8, 1)] },
    format('counts do not fit'),
  ],

  // keys
  ['an empty key', { keys: [value('', TYPE.u8, 1)] }, format('a key is empty', 'key 0')],
  [
    'a key over the limit',
    { keys: [value('k'.repeat(GGUF_KEY_BYTES_LIMIT + 1), TYPE.u8, 1)] },
    format('a key is too long', 'at most 65535 bytes', 'received 65536'),
  ],
  [
    'a key longer than the file',
    { keys: [[...str('k', 1000), ...u32(0), 1]] },
    format('file ends inside a key', 'expected 1000 bytes at offset 32', 'received 6'),
  ],
  ['a key of length 2^64 − 1', { keys: [[...str('k', MAX_U64), ...u32(0), 1]] }, format('a key is too long')],
  [
    'a key that is not UTF-8',
    { keys: [[...key(bytes(0xff), TYPE.u8), 1]] },
    format('a key is not text', 'UTF-8'),
  ],
  [
    'a key twice',
    { keys: [value('a', TYPE.u8, 1), value('a', TYPE.u8, 1)] },
    format('a key is there twice', 'key "a"'),
  ],

  // values
  [
    'a type past the last',
    { keys: [value('a', 13, 1)] },
    unsupported('unknown metadata type', '0 to 12', 'received 13', 'key "a"'),
  ],
  [
    'a type of 2^32 − 1',
    { keys: [value('a', 0xffffffff, 1)] },
    unsupported('unknown metadata type', '4294967295'),
  ],
  [
    'a boolean of 2',
    { keys: [value('a', TYPE.bool, 2)] },
    format('bad boolean', '0 or 1', 'received 2', 'key "a"'),
  ],
  [
    'a boolean of 255 in an array',
    { keys: [value('a', TYPE.array, ...array(TYPE.bool, 2), 1, 255)] },
    format('bad boolean'),
  ],
  [
    'a value cut off',
    { keys: [value('a', TYPE.u64, 1)] },
    format('file ends inside a value', 'expected 8 bytes', 'received 1'),
  ],
  [
    'a string longer than the file',
    { keys: [value('a', TYPE.string, ...str('x', 5))] },
    format('file ends inside a string', 'expected 5 bytes', 'received 1'),
  ],
  [
    'a string over the limit',
    { keys: [value('a', TYPE.string, ...str('x', GGUF_STRING_BYTES_LIMIT + 1))] },
    format('a string is too long', `at most ${GGUF_STRING_BYTES_LIMIT}`),
  ],
  [
    'a string of length 2^63',
    { keys: [value('a', TYPE.string, ...str('x', 2n ** 63n))] },
    format('a string is too long'),
  ],
  [
    'a string that is not UTF-8',
    { keys: [value('a', TYPE.string, ...str(bytes(0xc3, 0x28)))] },
    format('a string is not text', 'key "a"'),
  ],
  [
    'a surrogate in a string',
    { keys: [value('a', TYPE.string, ...str(bytes(0xed, 0xa0, 0x80)))] },
    format('a string is not text'),
  ],

  // arrays
  [
    'an array over the limit',
    { keys: [value('a', TYPE.array, ...array(TYPE.u8, GGUF_ARRAY_LIMIT + 1))] },
    format('array is too long', `at most ${GGUF_ARRAY_LIMIT} elements`),
  ],
  [
    'an array of 2^64 − 1 elements',
    { keys: [value('a', TYPE.array, ...array(TYPE.u64, MAX_U64))] },
    format('array is too long'),
  ],
  [
    'an array longer than the file',
    { keys: [value('a', TYPE.array, ...array(TYPE.f32, 1_000_000))] },
    format('array is longer than the file', 'received 4000000'),
  ],
  [
    'strings that cannot all be there',
    { keys: [value('a', TYPE.array, ...array(TYPE.string, 100), ...str('x'))] },
    format('array is longer than the file', 'received 800'),
  ],
  [
    'arrays that cannot all be there',
    { keys: [value('a', TYPE.array, ...array(TYPE.array, 100))] },
    format('array is longer than the file', 'received 1200'),
  ],
  [
    'a string of an array over the limit',
    { keys: [value('a', TYPE.array, ...array(TYPE.string, 1), ...str('x', MAX_U64))] },
    format('a string is too long'),
  ],
  [
    'a string of an array cut off',
    { keys: [value('a', TYPE.array, ...array(TYPE.string, 1), ...str('xy', 3))] },
    format('file ends inside a string'),
  ],
  [
    'an array of an unknown type',
    { keys: [value('a', TYPE.array, ...array(99, 0))] },
    unsupported('unknown metadata type', '99'),
  ],
  [
    'arrays nested five deep',
    { keys: nested(5) },
    format('nested too deep', 'at most 4 levels', 'received 5'),
  ],
  ['arrays nested a thousand deep', { keys: nested(1000) }, format('nested too deep')],

  // alignment and architecture
  ['alignment 0', { keys: alignment(0) }, format('bad alignment', 'received 0', 'key "general.alignment"')],
  [
    'alignment 48, not a power of two',
    { keys: alignment(48) },
    format('bad alignment', 'a power of two', '48'),
  ],
  ['alignment 4', { keys: alignment(4) }, format('bad alignment', 'from 8 to 65536')],
  ['alignment 2^31', { keys: alignment(2 ** 31) }, format('bad alignment', '2147483648')],
  [
    'an alignment of another type',
    { keys: [value('general.alignment', TYPE.u64, ...u64(32))] },
    format('bad alignment', 'received u64'),
  ],
  [
    'an architecture that is a number',
    { keys: [value('general.architecture', TYPE.u8, 1)] },
    format('bad architecture', 'received "u8"'),
  ],

  // tensor descriptions
  [
    'a tensor name over the limit',
    { tensors: [tensor('n'.repeat(65), [1], 0, 0)] },
    format('a tensor name is too long', 'at most 64 bytes', 'received 65', 'tensor 0'),
  ],
  [
    'a tensor name that is not UTF-8',
    { tensors: [tensor(bytes(0x80), [1], 0, 0)] },
    format('a tensor name is not text'),
  ],
  [
    'a tensor twice',
    { tensors: [tensor('w', [1], 0, 0), tensor('w', [1], 0, 32)], dataLength: 64 },
    format('a tensor is there twice', 'tensor "w"'),
  ],
  [
    'nine dimensions',
    { tensors: [tensor('w', new Array<number>(9).fill(1), 0, 0)] },
    format('too many dimensions', 'at most 8', 'received 9'),
  ],
  [
    '2^32 − 1 dimensions',
    { tensors: [[...str('w'), ...u32(0xffffffff), ...u32(0), ...u64(0)]] },
    format('too many dimensions', '4294967295'),
  ],
  [
    'a size of 2^64 − 1',
    { tensors: [tensor('w', [MAX_U64], 0, 0)], dataLength: 32 },
    format('size of dimension 0 is too large', 'tensor "w"'),
  ],
  [
    'sizes whose product overflows 2^53',
    { tensors: [tensor('w', [2 ** 30, 2 ** 30], 0, 0)], dataLength: 32 },
    format('shape overflows', '[1073741824, 1073741824]'),
  ],
  [
    'sizes whose product wraps to 0 in 64 bits',
    { tensors: [tensor('w', [2 ** 32, 2 ** 32], 0, 0)], dataLength: 32 },
    format('shape overflows'),
  ],
  [
    'bytes that overflow 2^53',
    { tensors: [tensor('w', [2 ** 51], 0, 0)], dataLength: 32 },
    format('shape overflows', 'at most 2^53 - 1 bytes'),
  ],
  [
    'a type that does not exist',
    { tensors: [tensor('w', [32], 999, 0)], dataLength: 32 },
    unsupported('unknown tensor type', 'type 999', 'one of: F32, F16, Q4_0'),
  ],
  [
    'a type that is not read',
    { tensors: [tensor('w', [256], 16, 0)], dataLength: 32 },
    unsupported('unknown tensor type', 'type 16 (IQ2_XXS)', 'tensor "w"'),
  ],
  [
    'a type that ggml removed',
    { tensors: [tensor('w', [32], 4, 0)], dataLength: 32 },
    unsupported('Q4_2, removed from ggml'),
  ],
  [
    'rows that are not whole blocks',
    { tensors: [tensor('w', [33], 2, 0)], dataLength: 64 },
    format('rows are not whole blocks of Q4_0', 'a multiple of 32', 'received 33'),
  ],
  [
    'a scalar of blocks',
    { tensors: [tensor('w', [], 12, 0)], dataLength: 256 },
    format('rows are not whole blocks of Q4_K', 'received 1'),
  ],
  [
    'whole blocks over rows that are not',
    { tensors: [tensor('w', [16, 2], 2, 0)], dataLength: 32 },
    format('not whole blocks'),
  ],

  // data
  [
    'an offset that is not aligned',
    { tensors: [tensor('w', [1], 0, 16)], dataLength: 64 },
    format('offset is not aligned', 'a multiple of 32', 'received 16'),
  ],
  [
    'an offset past the end',
    { tensors: [tensor('w', [1], 0, 64)], dataLength: 64 },
    format('past the end of the file', 'at most 64 bytes', 'offset 64, length 4'),
  ],
  [
    'an offset of 2^63',
    { tensors: [tensor('w', [1], 0, 2n ** 63n)], dataLength: 64 },
    format('past the end of the file'),
  ],
  [
    'an empty tensor past the end',
    { tensors: [tensor('w', [0], 0, 96)], dataLength: 64 },
    format('past the end'),
  ],
  [
    'data that reaches past the end',
    { tensors: [tensor('w', [17], 0, 0)], dataLength: 64 },
    format('past the end of the file', 'length 68'),
  ],
  [
    'no data at all',
    { tensors: [tensor('w', [1], 0, 0)] },
    format('past the end of the file', 'at most 0 bytes'),
  ],
  [
    'tensors that overlap',
    { tensors: [tensor('v', [9], 0, 0), tensor('w', [1], 0, 32)], dataLength: 64 },
    format('data overlaps that of tensor "v"', 'at least 36', 'received 32', 'tensor "w"'),
  ],
  [
    'tensors at one place',
    { tensors: [tensor('v', [1], 0, 0), tensor('w', [1], 0, 0)], dataLength: 64 },
    format('data overlaps'),
  ],
];

describe('openGguf refuses', () => {
  it.each(CASES)('%s', async (_name, file, refusal) => {
    await expectRefusal(() => open(rawGguf(file)), FILE, refusal);
  });

  it('an empty file and every cut of the first eight bytes', async () => {
    for (let length = 0; length < 8; length++) {
      const cut = rawGguf({}).slice(0, length);
      await expectRefusal(
        () => open(cut),
        FILE,
        format('file ends inside the magic and the version', `received ${length}`),
      );
    }
  });

  it('a good file cut anywhere before its last byte of data', async () => {
    const good = goldenBytes('gguf/gguf_py.gguf');
    await open(good); // its last tensor has 96 bytes and needs no padding, so every byte counts
    for (let length = 0; length < good.length; length++) {
      const error = await failureOf(() => open(good.slice(0, length)));
      expect(error, `cut at ${length}`).toBeInstanceOf(FormatError);
      expect((error as Error).message).toMatch(
        /file ends inside|counts do not fit|past the end|longer than the file/,
      );
    }
  });

  it('more arrays than the limit', async () => {
    const count = 200_000; // empty inner arrays, and the outer one
    const head = rawGguf({ keyCount: 1, keys: [value('a', TYPE.array, ...array(TYPE.array, count))] });
    const file = new Uint8Array(head.length + 12 * count);
    file.set(head);
    await expectRefusal(() => open(file), FILE, format('too many arrays', 'at most 200000', 'key "a"'));
  });

  it('a header over its limit, before memory is allocated for it', async () => {
    // seven arrays of 16 MiB each fit their own limits, together they do not; the file is a promise, not memory
    const head = rawGguf({
      keyCount: 7,
      keys: [value('a', TYPE.array, ...array(TYPE.u8, GGUF_ARRAY_LIMIT))],
    });
    let longest = 0;
    const second = value('b', TYPE.array, ...array(TYPE.u8, GGUF_ARRAY_LIMIT));
    const source = {
      ...memorySource(head, FILE),
      byteLength: 2 ** 40,
      async read(offset: number, length: number) {
        longest = Math.max(longest, length);
        const out = new Uint8Array(length);
        if (offset === 0) out.set(head.subarray(0, length));
        else
          for (let k = 0; k < 8; k++)
            placeKey(
              out,
              offset,
              head.length + GGUF_ARRAY_LIMIT + k * (GGUF_ARRAY_LIMIT + second.length),
              98 + k,
            );
        return out;
      },
    };
    const placeKey = (out: Uint8Array, offset: number, at: number, letter: number) => {
      const bytesOfKey = Uint8Array.from(second);
      bytesOfKey[8] = letter;
      for (const [i, byte] of bytesOfKey.entries()) {
        const to = at + i - offset;
        if (to >= 0 && to < out.length) out[to] = byte;
      }
    };
    await expectRefusal(
      () => openGguf(source),
      FILE,
      format('header over the limit', `at most ${GGUF_HEADER_LIMIT} bytes`),
    );
    expect(longest).toBeLessThanOrEqual(GGUF_ARRAY_LIMIT);
  });
});
