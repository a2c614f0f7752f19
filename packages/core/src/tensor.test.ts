import { describe, expect, it } from 'vitest';
import { bytesPerElement, DTYPES, type DType, elementCount, isDType, ShapeError, Tensor } from './index.ts';

describe('dtypes', () => {
  it.each(Object.keys(DTYPES) as DType[])('%s has the bytes of its array type', (dtype) => {
    const array = new DTYPES[dtype].array(new ArrayBuffer(16));
    expect(array.BYTES_PER_ELEMENT).toBe(bytesPerElement(dtype));
  });

  it('are known by their names, and nothing inherited is', () => {
    expect(isDType('BF16')).toBe(true);
    for (const name of ['f32', 'F128', 'toString', '__proto__', '']) expect(isDType(name)).toBe(false);
  });
});

describe('elementCount', () => {
  it('multiplies; a scalar is one element, a zero makes none', () => {
    expect(elementCount([])).toBe(1);
    expect(elementCount([2, 3, 4])).toBe(24);
    expect(elementCount([2 ** 40, 0])).toBe(0);
  });

  it.each([[[-1]], [[1.5]], [[Number.NaN]], [[2 ** 53]], [[2 ** 30, 2 ** 30]], [[2 ** 52, 2 ** 52, 2]]])(
    'refuses %j',
    (shape) => {
      expect(() => elementCount(shape)).toThrow(ShapeError);
    },
  );
});

describe('Tensor', () => {
  it('holds data that fills its shape', () => {
    const t = new Tensor('I8', [2, 2], Int8Array.of(1, 2, 3, 4));
    expect(t.shape).toEqual([2, 2]);
    expect(t.data[3]).toBe(4);
    expect(new Tensor('F16', [], Uint16Array.of(0x3c00)).data).toHaveLength(1);
  });

  it('refuses data of another length or array type', () => {
    expect(() => new Tensor('F32', [2, 3], new Float32Array(5))).toThrow(
      'Tensor: data does not fill shape [2, 3], expected 6 elements, received 5',
    );
    expect(() => new Tensor('F32', [2], new Float64Array(2) as unknown as Float32Array)).toThrow(
      'Tensor: wrong array type for F32, expected Float32Array, received Float64Array',
    );
  });
});
