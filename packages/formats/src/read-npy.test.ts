import { DTYPES, type DType, elementCount, FormatError, Tensor, UnsupportedError } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectRefusal, type Refusal } from '../test/hostile.ts';
import { goldenBytes, readGolden } from '../test/read-golden.ts';
import { encodeNpy } from './encode-npy.ts';
import { NPY_HEADER_LIMIT, readNpy } from './read-npy.ts';

const HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";

/** An NPY file from a header, valid or not. */
function npyFile(
  header = HEADER,
  dataLength = 24,
  options: { version?: [number, number]; length?: number } = {},
): Uint8Array {
  const [major, minor] = options.version ?? [1, 0];
  const text = new TextEncoder().encode(header);
  const lengthBytes = major === 1 ? 2 : 4;
  const file = new Uint8Array(8 + lengthBytes + text.byteLength + dataLength);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, major, minor]);
  const view = new DataView(file.buffer);
  if (major === 1) view.setUint16(8, options.length ?? text.byteLength, true);
  else view.setUint32(8, options.length ?? text.byteLength, true);
  file.set(text, 8 + lengthBytes);
  file.fill(1, 8 + lengthBytes + text.byteLength);
  return file;
}

const header = (descr: string, shape = '(2, 3)', fortran = 'False'): string =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

describe('readNpy', () => {
  it('reads a file of numpy.save', () => {
    const tensor = readGolden('ieee/f32_bits.npy');
    expect(tensor.dtype).toBe('U32');
    expect(tensor.shape).toEqual([2131]);
    expect(readGolden('ieee/decode_f16_codes.npy').dtype).toBe('U16');
  });

  it('reads version 2.0, double quotes, other key orders and no padding', () => {
    const text = '{"shape": (2, 3), "fortran_order": False, "descr": "<f4"}';
    const tensor = readNpy(npyFile(text, 24, { version: [2, 0] }));
    expect(tensor.shape).toEqual([2, 3]);
    expect(tensor.data).toBeInstanceOf(Float32Array);
  });

  it('reads scalars, empty arrays and vectors', () => {
    expect(readNpy(npyFile(header("'<f8'", '()'), 8)).shape).toEqual([]);
    expect(readNpy(npyFile(header("'<i2'", '(0, 7)'), 0)).shape).toEqual([0, 7]);
    expect(readNpy(npyFile(header("'|b1'", '(4,)'), 4)).shape).toEqual([4]);
  });

  it('views the data in place where aligned, and copies it where not', () => {
    const aligned = encodeNpy(new Tensor('F32', [3], new Float32Array([1, 2, 3])));
    expect(readNpy(aligned).data.buffer).toBe(aligned.buffer);
    const shifted = new Uint8Array(aligned.byteLength + 1);
    shifted.set(aligned, 1);
    const tensor = readNpy(shifted.subarray(1));
    expect(tensor.data.buffer).not.toBe(shifted.buffer);
    expect([...(tensor.data as Float32Array)]).toEqual([1, 2, 3]);
  });

  const other = "'shape': (2, 3)";
  const hostile: [string, Uint8Array, Refusal][] = [
    ['no bytes', new Uint8Array(0), { error: FormatError, says: ['not an NPY file', 'received 0 bytes'] }],
    [
      'a cut magic',
      npyFile().subarray(0, 9),
      { error: FormatError, says: ['not an NPY file', 'received 9 bytes'] },
    ],
    [
      'another magic',
      new Uint8Array(64),
      { error: FormatError, says: ['expected \\x93NUMPY first', 'other bytes'] },
    ],
    [
      'version 3.0',
      npyFile(HEADER, 24, { version: [3, 0] }),
      { error: UnsupportedError, says: ['unknown format version', 'expected 1.0 or 2.0', 'received 3.0'] },
    ],
    [
      'version 1.1',
      npyFile(HEADER, 24, { version: [1, 1] }),
      { error: UnsupportedError, says: ['received 1.1'] },
    ],
    [
      'a cut length of version 2.0',
      npyFile('', 0, { version: [2, 0] }).subarray(0, 11),
      { error: FormatError, says: ['file ends in the header length', 'expected 12 bytes', 'received 11'] },
    ],
    [
      'a header over the limit',
      npyFile(HEADER, 24, { version: [2, 0], length: NPY_HEADER_LIMIT + 1 }),
      { error: FormatError, says: ['over the limit', 'at most 10000 bytes', 'received 10001'] },
    ],
    [
      'a header past the end',
      npyFile(HEADER, 0, { length: 500 }),
      { error: FormatError, says: ['longer than the file', 'received 500'] },
    ],
    ['an empty header', npyFile('', 24), { error: FormatError, says: ['bad header', 'expected "{"'] }],
    ['a list', npyFile('[]', 24), { error: FormatError, says: ['expected "{"', '"[]"'] }],
    [
      'an unknown key',
      npyFile(HEADER.replace('descr', 'dtype')),
      { error: FormatError, says: ['one of the keys'] },
    ],
    ['a missing key', npyFile(`{${other}}`), { error: FormatError, says: ['expected the key descr'] }],
    [
      'a key twice',
      npyFile(`{${other}, ${other}}`),
      { error: FormatError, says: ['expected the key shape once', 'shape twice'] },
    ],
    ['text after the dict', npyFile(`${HEADER}x`), { error: FormatError, says: ['expected nothing after'] }],
    ['no comma', npyFile(HEADER.replace(',', '')), { error: FormatError, says: ['expected "," or "}"'] }],
    ['a call', npyFile(header("open('x')")), { error: FormatError, says: ['expected a value for descr'] }],
    [
      'an unclosed string',
      npyFile("{'descr': '<f4"),
      { error: FormatError, says: ['expected a value for descr'] },
    ],
    [
      'a structured dtype',
      npyFile(header("[('x', '<f4')]")),
      { error: UnsupportedError, says: ['unknown dtype', 'expected one of: <f8 <f4', 'x'] },
    ],
    [
      'a complex dtype',
      npyFile(header("'<c8'")),
      { error: UnsupportedError, says: ['unknown dtype', '<c8'] },
    ],
    ['a pickled dtype', npyFile(header("'|O'")), { error: UnsupportedError, says: ['unknown dtype', '|O'] }],
    [
      'big-endian data',
      npyFile(header("'>f4'")),
      { error: UnsupportedError, says: ['big-endian data', '>f4', 'Save it with astype'] },
    ],
    [
      'Fortran order',
      npyFile(header("'<f4'", '(2, 3)', 'True')),
      { error: UnsupportedError, says: ['column-major', 'expected C order', 'fortran_order True'] },
    ],
    [
      'a string for a flag',
      npyFile(header("'<f4'", '(2, 3)', "'x'")),
      { error: FormatError, says: ['True or False'] },
    ],
    [
      'a size that is no integer',
      npyFile(header("'<f4'", '(2.5,)')),
      { error: FormatError, says: ['a tuple of'] },
    ],
    ['a negative size', npyFile(header("'<f4'", '(-2, 3)')), { error: FormatError, says: ['a tuple of'] }],
    [
      'a number for a tuple',
      npyFile(header("'<f4'", '(6)')),
      { error: FormatError, says: ['a tuple of', '(6)'] },
    ],
    [
      'a size over 2^53',
      npyFile(header("'<f4'", '(9007199254740993,)')),
      { error: FormatError, says: ['2^53 - 1'] },
    ],
    [
      'a product over 2^53',
      npyFile(header("'<f4'", '(94906267, 94906267)')),
      { error: FormatError, says: ['shape overflows', 'at most 2^53 - 1 bytes'] },
    ],
    [
      'bytes over 2^53',
      npyFile(header("'<f8'", '(9007199254740991,)')),
      { error: FormatError, says: ['shape overflows', '9007199254740991'] },
    ],
    [
      'missing data',
      npyFile(HEADER, 23),
      { error: FormatError, says: ['data does not fill', 'expected 24 bytes', 'received 23'] },
    ],
    [
      'left over data',
      npyFile(HEADER, 25),
      { error: FormatError, says: ['expected 24 bytes', 'received 25'] },
    ],
    [
      'a boolean of 7',
      npyFile(header("'|b1'", '(1,)'), 1).map((byte, i, all) => (i === all.length - 1 ? 7 : byte)),
      { error: FormatError, says: ['is not a boolean', 'expected 0 or 1', 'received 7'] },
    ],
  ];
  it.each(hostile)('refuses %s', async (_, bytes, refusal) => {
    await expectRefusal(() => readNpy(bytes, 'hostile.npy'), 'hostile.npy', refusal);
  });
});

describe('encodeNpy', () => {
  it.each(['f32_bits', 'f16_nonsat', 'bf16_nonsat', 'decode_f16_codes', 'decode_f16_f32_bits'])(
    'writes the bytes that numpy.save wrote for %s',
    (name) => {
      const bytes = goldenBytes(`ieee/${name}.npy`);
      expect(encodeNpy(readNpy(bytes))).toEqual(new Uint8Array(bytes));
    },
  );

  it('is read back as it was, for every dtype and shape', () => {
    const dtypes = (Object.keys(DTYPES) as DType[]).filter(
      (name) => name !== 'BF16' && !name.startsWith('F8'),
    );
    const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(
        fc.constantFrom(...dtypes),
        shapes,
        fc.infiniteStream(fc.nat(255)),
        (dtype, shape, stream) => {
          const count = elementCount(shape);
          const bytes = Uint8Array.from(
            { length: count * DTYPES[dtype].bytes },
            () => stream.next().value as number,
          );
          if (dtype === 'BOOL') for (let i = 0; i < count; i++) bytes[i]! &= 1;
          const data = new DTYPES[dtype].array(bytes.buffer);
          const read = readNpy(encodeNpy(new Tensor<DType>(dtype, shape, data)));
          expect(read.dtype).toBe(dtype);
          expect(read.shape).toEqual(shape);
          expect(new Uint8Array(read.data.buffer, read.data.byteOffset, read.data.byteLength)).toEqual(bytes);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('refuses what NumPy cannot hold', async () => {
    await expectRefusal(() => encodeNpy(new Tensor('BF16', [1], new Uint16Array(1))), 'encodeNpy', {
      error: UnsupportedError,
      says: ['NumPy has no such dtype', 'one of: F64, F32', 'received BF16'],
    });
    const deep = new Tensor('U8', new Array<number>(30000).fill(1), new Uint8Array(1));
    await expectRefusal(() => encodeNpy(deep), 'encodeNpy', {
      error: UnsupportedError,
      says: ['shape is too long'],
    });
  });
});
