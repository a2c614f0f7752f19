/**
 * @file IEEE 754 binary16, in bulk. Integer arithmetic on the bit patterns, so that no intermediate result is rounded:
 * every code is what one rounding to nearest even gives, for float32 and for float64 input.
 */

import type { OverflowMode } from './dtypes/overflow-mode.ts';
import { checkOutputLength } from './internal/codec-output.ts';
import { bitsRoundedToOdd } from './internal/float-bits.ts';
import { saturate } from './internal/saturate.ts';
import { SIMD_WORTHWHILE, widenKernels } from './internal/widen-simd.ts';

/** Code of infinity. */
const INFINITY_CODE = 0x7c00;

/** Value of the last place of a subnormal, 2^-24. */
const SUBNORMAL_STEP = 2 ** -24;

/**
 * Round numbers to F16 codes, nearest even. A NaN stays a NaN (quiet, sign kept).
 * @param values f32[n] or f64[n]; float64 is rounded once, not by way of float32
 * @param out u16[n] to write to @default a new array
 * @param overflow what becomes of numbers that round beyond 65504 @default 'nonsat', to infinity
 * @returns u16[n], the codes
 * @throws {ShapeError} when `out` has another length
 * @example
 * encodeF16(new Float32Array([1, -2])); // Uint16Array [ 0x3c00, 0xc000 ]
 */
export function encodeF16(
  values: Float32Array | Float64Array,
  out: Uint16Array = new Uint16Array(values.length),
  overflow: OverflowMode = 'nonsat',
): Uint16Array {
  checkOutputLength('encodeF16', values.length, out.length);
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
 * Widen F16 codes to float32, exactly. A NaN stays a NaN with its sign.
 * @param codes u16[n]  @param out f32[n] to write to @default a new array
 * @returns f32[n]
 * @throws {ShapeError} when `out` has another length
 * @example
 * decodeF16(new Uint16Array([0x3c00, 0xc000])); // Float32Array [ 1, -2 ]
 */
export function decodeF16(
  codes: Uint16Array,
  out: Float32Array = new Float32Array(codes.length),
): Float32Array {
  checkOutputLength('decodeF16', codes.length, out.length);
  const kernels = codes.length < SIMD_WORTHWHILE ? null : widenKernels();
  if (kernels === null) decodeF16Loop(codes, out);
  else kernels.f16(codes, new Uint32Array(out.buffer, out.byteOffset, out.length));
  return out;
}

/** `decodeF16` without vector instructions. */
export function decodeF16Loop(codes: Uint16Array, out: Float32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    const exponent = code & 0x7c00;
    if (exponent !== 0 && exponent !== 0x7c00) {
      bits[i] = ((code & 0x8000) << 16) | (((code & 0x7fff) << 13) + 0x38000000); // 112 = 127 - 15, shifted by 23
    } else if (exponent === 0) {
      const size = (code & 0x3ff) * SUBNORMAL_STEP;
      out[i] = code < 0x8000 ? size : -size;
    } else {
      bits[i] = ((code & 0x8000) << 16) | 0x7f800000 | ((code & 0x3ff) << 13);
    }
  }
}

/**
 * The F16 value nearest to a number, ties to even.
 * @param x any number  @returns a value that F16 can hold, infinity from 65520 on
 * @example
 * roundToF16(0.1); // 0.0999755859375
 */
export function roundToF16(x: number): number {
  scalarCode[0] = codeOfBits(bitsRoundedToOdd(x));
  return decodeF16(scalarCode, scalarValue)[0]!;
}

const scalarCode = new Uint16Array(1);
const scalarValue = new Float32Array(1);

/** The F16 code of a float32 bit pattern. */
function codeOfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size >= 0x47800000) {
    // 2^16 and above, infinity, NaN
    return sign | (size > 0x7f800000 ? 0x7e00 : 0x7c00);
  }
  if (size >= 0x38800000) {
    // 2^-14 and above: drop 13 bits; a carry out of the significand raises the exponent, up to infinity
    return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
  }
  const shift = 126 - (size >>> 23);
  if (shift > 24) return sign; // below half of the smallest subnormal
  const significand = (size & 0x7fffff) | 0x800000;
  const kept = significand >>> shift;
  const dropped = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const up = dropped > half || (dropped === half && (kept & 1) === 1) ? 1 : 0;
  return sign | (kept + up);
}
