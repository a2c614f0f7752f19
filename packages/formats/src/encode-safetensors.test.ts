import { DTYPES, type DType, elementCount, InvalidInputError, Tensor } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectRefusal } from '../test/hostile.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import { memorySource } from './memory-source.ts';
import { openSafetensors } from './open-safetensors.ts';

const one = new Tensor('U8', [1], new Uint8Array([9]));

/** Header length and header text of a file. */
function headOf(file: Uint8Array): { length: number; text: string } {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  return { length, text: new TextDecoder().decode(file.subarray(8, 8 + length)) };
}

describe('encodeSafetensors', () => {
  // the two files of the reference implementation's own tests: tensor.rs, test_serialization_forced_alignement and test_empty
  it('writes the bytes of the reference implementation', () => {
    const file = encodeSafetensors(
      new Map([['attn0', new Tensor('F32', [1, 1, 2, 3], new Float32Array([0, 1, 2, 3, 4, 5]))]]),
    );
    const text = '{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       ';
    expect(headOf(file)).toEqual({ length: 72, text });
    expect([...file.subarray(0, 8)]).toEqual([72, 0, 0, 0, 0, 0, 0, 0]);
    expect([...file.subarray(80)]).toEqual([
      0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64, 0, 0, 160, 64,
    ]);
  });

  it('writes a file of no tensors', () => {
    expect(headOf(encodeSafetensors(new Map()))).toEqual({ length: 8, text: '{}      ' });
    const file = encodeSafetensors(new Map(), { framework: 'pt' });
    expect(headOf(file)).toEqual({ length: 40, text: '{"__metadata__":{"framework":"pt"}}     ' });
  });

  it('orders by dtype, widest first as the reference does, then by name in UTF-8 order', () => {
    const dtypes: DType[] = ['U64', 'I64', 'F64', 'F32', 'U32', 'I32', 'BF16', 'F16', 'U16', 'I16'];
    dtypes.push('F8_E4M3', 'F8_E5M2', 'I8', 'U8', 'BOOL');
    expect([...dtypes].sort()).toEqual(Object.keys(DTYPES).sort());
    const tensors = new Map<string, Tensor>();
    // UTF-16 order would put U+1F600 before U+FF5E
    for (const name of ['\u{1f600}', '\uff5e', 'b', '10', '2', 'ab', 'a']) {
      for (const dtype of [...dtypes].reverse()) {
        const data = new DTYPES[dtype].array(new ArrayBuffer(DTYPES[dtype].bytes));
        tensors.set(`${name}/${dtype}`, new Tensor<DType>(dtype, [1], data));
      }
    }
    const names = [...headOf(encodeSafetensors(tensors)).text.matchAll(/"([^"]+)":\{"dtype"/g)].map(
      (m) => m[1],
    );
    const expected = dtypes.flatMap((dtype) =>
      ['10', '2', 'a', 'ab', 'b', '\uff5e', '\u{1f600}'].map((name) => `${name}/${dtype}`),
    );
    expect(names).toEqual(expected);
  });

  it('gives equal bytes whatever the order of tensors and metadata', () => {
    const a = encodeSafetensors(new Map(['x', 'y', '1'].map((name) => [name, one])), { a: '1', b: '2' });
    const b = encodeSafetensors(new Map(['1', 'y', 'x'].map((name) => [name, one])), { b: '2', a: '1' });
    expect(a).toEqual(b);
  });

  it('writes only the viewed part of a larger buffer', async () => {
    const view = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
    const file = encodeSafetensors(new Map([['w', new Tensor('F32', [2], view)]]));
    const tensors = await openSafetensors(memorySource(file));
    expect(await tensors.readFloat32('w')).toEqual(new Float32Array([2, 3]));
  });

  it('is read back as it was, for every dtype, shape, name and metadata', async () => {
    const name = fc
      .string({ unit: 'grapheme', maxLength: 12 })
      .filter((s) => s !== '__metadata__' && s.isWellFormed());
    const entry = fc.record({
      dtype: fc.constantFrom(...(Object.keys(DTYPES) as DType[])),
      shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }),
      fill: fc.nat(255),
    });
    const dictionary = fc.uniqueArray(fc.tuple(name, entry), { selector: ([key]) => key, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(dictionary, fc.dictionary(name, name), async (entries, metadata) => {
        const tensors = new Map<string, Tensor>();
        for (const [key, { dtype, shape, fill }] of entries) {
          const bytes = new Uint8Array(elementCount(shape) * DTYPES[dtype].bytes);
          for (let i = 0; i < bytes.length; i++) bytes[i] = dtype === 'BOOL' ? (fill + i) & 1 : fill + i;
          tensors.set(key, new Tensor<DType>(dtype, shape, new DTYPES[dtype].array(bytes.buffer)));
        }
        const file = encodeSafetensors(tensors, metadata);
        expect(headOf(file).length % 8).toBe(0);
        const read = await openSafetensors(memorySource(file));
        expect([...read.names()].sort()).toEqual([...tensors.keys()].sort());
        expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(metadata).sort());
        for (const [key, tensor] of tensors) {
          const back = await read.read(key);
          expect(back.dtype).toBe(tensor.dtype);
          expect(back.shape).toEqual(tensor.shape);
          // as bytes: NaN payloads must survive
          const bytes = (t: Tensor) => new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength);
          expect(bytes(back)).toEqual(bytes(tensor));
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['the name of the metadata', '__metadata__'],
    ['a lone surrogate in a name', 'a\ud800'],
  ])('refuses %s', async (_, name) => {
    await expectRefusal(() => encodeSafetensors(new Map([[name, one]])), 'encodeSafetensors', {
      error: InvalidInputError,
      says: ['bad tensor name', 'well-formed Unicode other than __metadata__'],
    });
  });

  it.each([
    ['a number', { a: 1 as unknown as string }],
    ['a lone surrogate', { a: '\udc00' }],
    ['a key with a lone surrogate', { '\udc00': 'a' }],
  ])('refuses %s in the metadata', async (_, metadata) => {
    await expectRefusal(() => encodeSafetensors(new Map(), metadata), 'encodeSafetensors', {
      error: InvalidInputError,
      says: ['bad metadata value', 'a string of well-formed Unicode', 'key'],
    });
  });

  it('refuses what is not a tensor of a known dtype', async () => {
    const wrong = { dtype: 'F4', shape: [1], data: new Uint8Array(1) } as unknown as Tensor;
    await expectRefusal(() => encodeSafetensors(new Map([['w', wrong]])), 'encodeSafetensors', {
      error: InvalidInputError,
      says: ['not a tensor', 'a known dtype', '"F4"', 'tensor "w"'],
    });
  });
});
