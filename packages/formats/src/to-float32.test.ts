import { Tensor, UnsupportedError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { toFloat32 } from './to-float32.ts';

describe('toFloat32', () => {
  it('passes the array of an F32 tensor', () => {
    const data = new Float32Array([1, 2]);
    expect(toFloat32(new Tensor('F32', [2], data))).toBe(data);
  });

  it('widens F16 and BF16 and rounds F64', () => {
    expect(toFloat32(new Tensor('F16', [1], new Uint16Array([0x0001])))).toEqual(
      new Float32Array([2 ** -24]),
    );
    expect(toFloat32(new Tensor('BF16', [1], new Uint16Array([0xbf80])))).toEqual(new Float32Array([-1]));
    expect(toFloat32(new Tensor('F64', [1], new Float64Array([0.1])))).toEqual(new Float32Array([0.1]));
  });

  it('widens both 8-bit floats', () => {
    const codes = new Uint8Array([0x38, 0xc0]);
    expect(toFloat32(new Tensor('F8_E4M3', [2], codes))).toEqual(new Float32Array([1, -2]));
    expect(toFloat32(new Tensor('F8_E5M2', [2], codes))).toEqual(new Float32Array([0.5, -2]));
  });

  it('refuses an integer tensor', () => {
    const run = () => toFloat32(new Tensor('I8', [1], new Int8Array(1)));
    expect(run).toThrow(UnsupportedError);
    expect(run).toThrow(
      'toFloat32: cannot read I8 as float32, expected one of: F64, F32, F16, BF16, F8_E4M3, F8_E5M2, received I8',
    );
  });
});
