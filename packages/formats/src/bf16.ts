/** @file bfloat16, the upper half of a float32, in bulk. Rounding is done on the bit pattern, once. */

import type { OverflowMode } from './dtypes/overflow-mode.ts';
import { checkOutputLength } from './internal/codec-output.ts';
import { bitsRoundedToOdd, floatOfBits } from './internal/float-bits.ts';
import { saturate } from './internal/saturate.ts';
import { SIMD_WORTHWHILE, widenKernels } from './internal/widen-simd.ts';

/** Code of infinity. */
const INFINITY_CODE = 0x7f80;

/**
 * Round numbers to BF16 codes, nearest even. A NaN stays a NaN (quiet, sign kept).
 * @param values f32[n] or f64[n]; float64 is rounded once, not by way of float32
 * @param out u16[n] to write to @default a new array
 * @param overflow what becomes of numbers that round beyond 3.39e38 @default 'nonsat', to infinity
 * @returns u16[n], the codes
 * @throws {ShapeError} when `out` has another length
 * @example
 * encodeBF16(new Float32Array([1, -2])); // Uint16Array [ 0x3f80, 0xc000 ]
 */
export function encodeBF16(
  values: Float32Array | Float64Array,
  out: Uint16Array = new Uint16Array(values.length),
  overflow: OverflowMode = 'nonsat',
): Uint16Array {
  checkOutputLength('encodeBF16', values.length, out.length);
  if (values instanceof Float64Array) {
    for (let i = 0; i < values.length; i++) out[i] = codeOfBits(bitsRoundedToOdd(values[i]!));
  } else {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < bits.length; i++) out[i] = codeOfBits(bits[i]!);
  }
  if (overflow !== 'nonsat') saturate(values, out, INFINITY_CODE, overflow);
  return out;
}

/**
 * Widen BF16 codes to float32, exactly.
 * @param codes u16[n]  @param out f32[n] to write to @default a new array
 * @returns f32[n]
 * @throws {ShapeError} when `out` has another length
 * @example
 * decodeBF16(new Uint16Array([0x3f80, 0xc000])); // Float32Array [ 1, -2 ]
 */
export function decodeBF16(
  codes: Uint16Array,
  out: Float32Array = new Float32Array(codes.length),
): Float32Array {
  checkOutputLength('decodeBF16', codes.length, out.length);
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  const kernels = codes.length < SIMD_WORTHWHILE ? null : widenKernels();
  if (kernels === null) decodeBF16Loop(codes, bits);
  else kernels.bf16(codes, bits);
  return out;
}

/** `decodeBF16` without vector instructions. */
export function decodeBF16Loop(codes: Uint16Array, bits: Uint32Array): void {
  for (let i = 0; i < codes.length; i++) bits[i] = codes[i]! << 16;
}

/**
 * The BF16 value nearest to a number, ties to even.
 * @param x any number  @returns a value that BF16 can hold
 * @example
 * roundToBF16(0.1); // 0.10009765625
 */
export function roundToBF16(x: number): number {
  return floatOfBits(codeOfBits(bitsRoundedToOdd(x)) << 16);
}

/** The BF16 code of a float32 bit pattern. */
function codeOfBits(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) & 0x8000) | 0x7fc0;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16; // the carry may reach infinity, never past it
}
