import type { Tensor } from '@bitcliff/core';
import { decodeBF16 } from './bf16.ts';
import { decodeF8E4M3 } from './dtypes/f8-e4m3.ts';
import { decodeF8E5M2 } from './dtypes/f8-e5m2.ts';
import { decodeF16 } from './f16.ts';
import { requireFloat } from './internal/require-float.ts';

/**
 * The elements of a floating-point tensor as float32. F16, BF16 and the F8 types are widened exactly; F64 is rounded to nearest even.
 * @param tensor dtype F32, F16, BF16, F8_E4M3, F8_E5M2 or F64
 * @returns f32[count]; for an F32 tensor its own array, not a copy
 * @throws {UnsupportedError} for any other dtype
 * @example
 * toFloat32(new Tensor('F16', [1], new Uint16Array([0x3c00]))); // Float32Array [ 1 ]
 */
export function toFloat32(tensor: Tensor): Float32Array {
  requireFloat(tensor.dtype, { op: 'toFloat32' });
  if (tensor.dtype === 'F16') return decodeF16(tensor.data as Uint16Array);
  if (tensor.dtype === 'BF16') return decodeBF16(tensor.data as Uint16Array);
  if (tensor.dtype === 'F8_E4M3') return decodeF8E4M3(tensor.data as Uint8Array);
  if (tensor.dtype === 'F8_E5M2') return decodeF8E5M2(tensor.data as Uint8Array);
  if (tensor.dtype === 'F64') return new Float32Array(tensor.data as Float64Array);
  return tensor.data as Float32Array;
}
