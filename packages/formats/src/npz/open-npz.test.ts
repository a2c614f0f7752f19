import { readFileSync } from 'node:fs';
import { FormatError, NotFoundError, UnsupportedError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { expectRefusal, type Refusal } from '../../test/hostile.ts';
import { type ZipTestEntry, zipFile } from '../../test/zip-file.ts';
import { memorySource } from '../memory-source.ts';
import type { TensorSource } from '../tensor-source.ts';
import { encodeZip } from '../zip/encode-zip.ts';
import { NPZ_ARRAY_LIMIT, openNpz } from './open-npz.ts';

const FILE = 'x.npz';
const open = (bytes: Uint8Array): Promise<TensorSource> => openNpz(memorySource(bytes, FILE));

describe.each(['stored', 'compressed'])('openNpz on %s.npz of NumPy', (name) => {
  const bytes = readFileSync(new URL(`./__fixtures__/${name}.npz`, import.meta.url));

  it('reads arrays, ranges and bytes', async () => {
    const arrays = await open(bytes);
    expect(arrays.names()).toEqual(['matrix', 'scalar', 'empty', 'mask', 'layer/kernel:0', 'zeros']);
    expect(arrays.metadata).toEqual({});
    expect(arrays.info('matrix')).toEqual({ name: 'matrix', dtype: 'F32', shape: [3, 4], byteLength: 48 });
    const halves = Float32Array.from({ length: 12 }, (_, i) => i / 2);
    expect((await arrays.read('matrix')).data).toEqual(halves);
    expect(await arrays.readFloat32('matrix', { range: { start: 4, end: 8 } })).toEqual(halves.slice(4, 8));
    expect(await arrays.readBytes('matrix')).toEqual(new Uint8Array(halves.buffer));
    expect((await arrays.read('scalar')).data).toEqual(new BigInt64Array([-7n]));
    expect((await arrays.read('empty')).shape).toEqual([0, 3]);
    expect((await arrays.read('mask')).data).toEqual(new Uint8Array([1, 0, 1]));
    expect((await arrays.read('layer/kernel:0')).data).toEqual(new Uint16Array([1, 2, 65535]));
    expect((await arrays.readFloat32('zeros')).every((value) => value === 0)).toBe(true);
    await expectRefusal(() => arrays.read('matrx'), FILE, {
      error: NotFoundError,
      says: ['Did you mean "matrix"?'],
    });
    await arrays.close();
  });

  it('refuses every cut', async () => {
    for (let length = 0; length < bytes.length; length += 13) {
      await expectRefusal(() => open(bytes.subarray(0, length)), FILE, { error: FormatError, says: [] });
    }
  });
});

describe('openNpz, hostile files', () => {
  const npy = (header: string, dataLength = 24): Uint8Array => {
    const text = new TextEncoder().encode(header);
    const file = new Uint8Array(10 + text.length + dataLength);
    file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
    file.set(text, 10);
    return file;
  };
  const header = (descr: string, shape: string, fortran = 'False'): string =>
    `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;
  const good = npy(header("'<f4'", '(2, 3)'));
  const one = (data: Uint8Array, change: Partial<ZipTestEntry> = {}) =>
    zipFile([{ name: 'x.npy', data, ...change }]);
  const format = (...says: string[]): Refusal => ({ error: FormatError, says });
  const unsupported = (...says: string[]): Refusal => ({ error: UnsupportedError, says });
  const inX = 'entry "x.npy"';

  const cases: [string, Uint8Array, Refusal][] = [
    ['no zip file', good, format('no end of central directory')],
    [
      'an entry that is no array',
      zipFile([{ name: 'x.txt', data: good }]),
      format('not an NPZ file', '"x.txt"'),
    ],
    ['a folder', zipFile([{ name: 'x/', data: new Uint8Array(0) }]), format('not an NPZ file')],
    [
      'an array twice',
      zipFile([
        { name: 'x.npy', data: good },
        { name: 'x.npy', data: good },
      ]),
      format('two entries of one name'),
    ],
    ['an array that leads out', zipFile([{ name: '../x.npy', data: good }]), format('entry name leads out')],
    ['an empty entry', one(new Uint8Array(0)), format('not an NPY file', inX, '0 bytes')],
    ['other bytes', one(new Uint8Array(99)), format('not an NPY file', inX)],
    [
      'a header past the end',
      one(npy(header("'<f4'", '(2, 3)')).subarray(0, 20)),
      format('header is longer than the file', inX),
    ],
    ['a header that is code', one(npy('__import__("os").system("x")')), format('bad header', inX)],
    [
      'missing data',
      one(good.subarray(0, -1)),
      format('data does not fill shape [2, 3] of F32', '24 bytes', 'received 23', inX),
    ],
    ['data left over', one(new Uint8Array([...good, 0])), format('data does not fill shape', 'received 25')],
    ['a huge shape', one(npy(header("'<f4'", '(9007199254740991,)'))), format('shape overflows', inX)],
    [
      'a shape that overflows',
      one(npy(header("'<f4'", '(4294967296, 4294967296)'))),
      format('shape overflows'),
    ],
    [
      'a large shape in a small file',
      one(npy(header("'<f4'", '(1000000000000,)'))),
      format('data does not fill shape'),
    ],
    ['pickled objects', one(npy(header("'|O'", '(1,)'))), unsupported('unknown dtype', '|O', inX)],
    ['complex numbers', one(npy(header("'<c8'", '(3,)'))), unsupported('unknown dtype')],
    ['big-endian data', one(npy(header("'>f4'", '(2, 3)'))), unsupported('big-endian data', inX)],
    ['Fortran order', one(npy(header("'<f4'", '(2, 3)', 'True'))), unsupported('column-major array', inX)],
    ['an encrypted array', one(good, { both: { flags: 0x0801 } }), unsupported('encrypted entry', inX)],
    [
      'a BZip2 array',
      one(good, { both: { method: 12 } }),
      unsupported('unknown compression method', 'received 12'),
    ],
    ['a wrong checksum', one(good, { both: { crc: 1 } }), format('wrong checksum', inX)],
    [
      'a wrong checksum of deflated data',
      one(good, { deflate: true, both: { crc: 1 } }),
      format('wrong checksum', inX),
    ],
    [
      'no deflate data',
      one(good, { deflate: true, raw: new Uint8Array(9).fill(7) }),
      format('bad deflate data', inX),
    ],
    [
      'a bomb by its ratio',
      one(good, { deflate: true, both: { size: 500_000_000 } }),
      format('ratio of a deflated entry'),
    ],
    [
      'a bomb by its size',
      one(good, { deflate: true, both: { size: 0xfffffffe } }),
      unsupported('deflated entry over the limit'),
    ],
    [
      'a boolean that is none',
      one(new Uint8Array([...npy(header("'|b1'", '(1,)'), 0), 3])),
      format('not a boolean', 'tensor "x"'),
    ],
  ];
  it.each(cases)('refuses %s', (_, bytes, refusal) =>
    expectRefusal(async () => (await open(bytes)).read('x'), FILE, refusal),
  );

  it('refuses more arrays than the limit', async () => {
    const files = new Map(
      Array.from({ length: NPZ_ARRAY_LIMIT + 1 }, (_, i) => [`${i}.npy`, new Uint8Array(0)]),
    );
    await expectRefusal(
      () => open(encodeZip(files, { alignment: 1 })),
      FILE,
      format('too many arrays', `at most ${NPZ_ARRAY_LIMIT}`),
    );
  });
});
