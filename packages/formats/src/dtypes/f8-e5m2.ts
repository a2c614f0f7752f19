/**
 * @file F8_E5M2 in bulk: 5 exponent bits (bias 15), 2 significand bits, infinities and NaNs as in IEEE 754, largest 57344.
 * The upper byte of an F16, `float8_e5m2` in torch and ml_dtypes.
 * @see https://www.opencompute.org/documents/ocp-8-bit-floating-point-specification-ofp8-revision-1-0-2023-12-01-pdf-1
 */
import { checkOutputLength } from '../internal/codec-output.ts';
import { bitsRoundedToOdd, floatOfBits } from '../internal/float-bits.ts';
import {
  decodeEach,
  decodeTable,
  encodeEach,
  roundMagnitude,
  smallFloatValue,
} from '../internal/small-float.ts';
import type { OverflowMode } from './overflow-mode.ts';

/** Largest finite value. */
export const F8_E5M2_MAX = 57344; // OFP8, table 1

const MANTISSA_BITS = 2;
const BIAS = 15;
const NAN_CODE = 0x7e;
const INFINITY_CODE = 0x7c;
const MAX_CODE = 0x7b;

const DECODED: Int32Array = decodeTable(8, (code) => {
  if (code > INFINITY_CODE) return Number.NaN;
  return code === INFINITY_CODE ? Infinity : smallFloatValue(code, MANTISSA_BITS, BIAS);
});

/**
 * Round numbers to F8_E5M2 codes, nearest even. A NaN stays a NaN with its sign.
 * @param values f32[n] or f64[n]; float64 is rounded once, not by way of float32
 * @param out u8[n] to write to @default a new array
 * @param overflow what becomes of numbers that round beyond 57344 @default 'nonsat', to infinity
 * @returns u8[n], the codes
 * @throws {ShapeError} when `out` has another length
 * @example
 * encodeF8E5M2(new Float32Array([1, -2, 1e6])); // Uint8Array [ 0x3c, 0xc0, 0x7c ]
 */
export function encodeF8E5M2(
  values: Float32Array | Float64Array,
  out: Uint8Array = new Uint8Array(values.length),
  overflow: OverflowMode = 'nonsat',
): Uint8Array {
  checkOutputLength('encodeF8E5M2', values.length, out.length);
  return encodeEach(values, out, (bits) => codeOfBits(bits, overflow));
}

/**
 * Widen F8_E5M2 codes to float32, exactly. A NaN stays a NaN with its sign.
 * @param codes u8[n]  @param out f32[n] to write to @default a new array
 * @returns f32[n]
 * @throws {ShapeError} when `out` has another length
 * @example
 * decodeF8E5M2(new Uint8Array([0x3c, 0xc0])); // Float32Array [ 1, -2 ]
 */
export function decodeF8E5M2(
  codes: Uint8Array,
  out: Float32Array = new Float32Array(codes.length),
): Float32Array {
  checkOutputLength('decodeF8E5M2', codes.length, out.length);
  return decodeEach(codes, out, DECODED);
}

/**
 * The F8_E5M2 value nearest to a number, ties to even.
 * @param x any number  @param overflow as in {@link encodeF8E5M2} @default 'nonsat'
 * @returns a value that F8_E5M2 can hold
 * @example
 * roundToF8E5M2(0.1); // 0.09375
 */
export function roundToF8E5M2(x: number, overflow: OverflowMode = 'nonsat'): number {
  return floatOfBits(DECODED[codeOfBits(bitsRoundedToOdd(x), overflow)]!);
}

/** The code of a float32 bit pattern. */
function codeOfBits(bits: number, overflow: OverflowMode): number {
  const sign = (bits >>> 24) & 0x80;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | NAN_CODE;
  if (size === 0x7f800000) return sign | (overflow === 'satInf' ? MAX_CODE : INFINITY_CODE);
  const code = roundMagnitude(size, MANTISSA_BITS, BIAS);
  if (code <= MAX_CODE) return sign | code;
  return sign | (overflow === 'nonsat' ? INFINITY_CODE : MAX_CODE);
}
