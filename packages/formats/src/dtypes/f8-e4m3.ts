/**
 * @file F8_E4M3 in bulk: 4 exponent bits (bias 7), 3 significand bits, no infinity, one NaN per sign (0x7f, 0xff), largest 448.
 * The "fn" variant of the OCP specification, `float8_e4m3fn` in torch and ml_dtypes.
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
export const F8_E4M3_MAX = 448; // OFP8, table 1

const MANTISSA_BITS = 3;
const BIAS = 7;
const NAN_CODE = 0x7f;
const MAX_CODE = 0x7e;

const DECODED: Int32Array = decodeTable(8, (code) =>
  code === NAN_CODE ? Number.NaN : smallFloatValue(code, MANTISSA_BITS, BIAS),
);

/**
 * Round numbers to F8_E4M3 codes, nearest even. A NaN stays a NaN with its sign.
 * @param values f32[n] or f64[n]; float64 is rounded once, not by way of float32
 * @param out u8[n] to write to @default a new array
 * @param overflow what becomes of numbers that round beyond 448 @default 'nonsat', to NaN
 * @returns u8[n], the codes
 * @throws {ShapeError} when `out` has another length
 * @example
 * encodeF8E4M3(new Float32Array([1, -2, 500])); // Uint8Array [ 0x38, 0xc0, 0x7f ]
 */
export function encodeF8E4M3(
  values: Float32Array | Float64Array,
  out: Uint8Array = new Uint8Array(values.length),
  overflow: OverflowMode = 'nonsat',
): Uint8Array {
  checkOutputLength('encodeF8E4M3', values.length, out.length);
  return encodeEach(values, out, (bits) => codeOfBits(bits, overflow));
}

/**
 * Widen F8_E4M3 codes to float32, exactly. A NaN stays a NaN with its sign.
 * @param codes u8[n]  @param out f32[n] to write to @default a new array
 * @returns f32[n]
 * @throws {ShapeError} when `out` has another length
 * @example
 * decodeF8E4M3(new Uint8Array([0x38, 0xc0])); // Float32Array [ 1, -2 ]
 */
export function decodeF8E4M3(
  codes: Uint8Array,
  out: Float32Array = new Float32Array(codes.length),
): Float32Array {
  checkOutputLength('decodeF8E4M3', codes.length, out.length);
  return decodeEach(codes, out, DECODED);
}

/**
 * The F8_E4M3 value nearest to a number, ties to even.
 * @param x any number  @param overflow as in {@link encodeF8E4M3} @default 'nonsat'
 * @returns a value that F8_E4M3 can hold
 * @example
 * roundToF8E4M3(0.1); // 0.1015625
 */
export function roundToF8E4M3(x: number, overflow: OverflowMode = 'nonsat'): number {
  return floatOfBits(DECODED[codeOfBits(bitsRoundedToOdd(x), overflow)]!);
}

/** The code of a float32 bit pattern. */
function codeOfBits(bits: number, overflow: OverflowMode): number {
  const sign = (bits >>> 24) & 0x80;
  const size = bits & 0x7fffffff;
  if (size >= 0x7f800000) {
    return sign | (size === 0x7f800000 && overflow === 'satInf' ? MAX_CODE : NAN_CODE);
  }
  const code = roundMagnitude(size, MANTISSA_BITS, BIAS);
  if (code <= MAX_CODE) return sign | code;
  return sign | (overflow === 'nonsat' ? NAN_CODE : MAX_CODE);
}
