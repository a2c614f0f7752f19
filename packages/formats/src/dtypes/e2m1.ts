/**
 * @file E2M1, the 4-bit float of MXFP4 and NVFP4: 2 exponent bits (bias 1), 1 significand bit, no infinity and no NaN.
 * Magnitudes 0, 0.5, 1, 1.5, 2, 3, 4, 6. Codes are held one per byte here; `packNibbles` puts two in a byte.
 * @see https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf section 5.3.3
 */
import { InvalidInputError, ShapeError } from '@bitcliff/core';
import { checkOutputLength } from '../internal/codec-output.ts';
import {
  decodeEach,
  decodeTable,
  encodeEach,
  roundMagnitude,
  smallFloatValue,
} from '../internal/small-float.ts';

/** Largest value. */
export const E2M1_MAX = 6; // OCP MX 1.0, table 5

const MANTISSA_BITS = 1;
const BIAS = 1;
const MAX_CODE = 7;

const DECODED: Int32Array = decodeTable(4, (code) => smallFloatValue(code, MANTISSA_BITS, BIAS));

/**
 * Round numbers to E2M1 codes, nearest, ties to the even code; what rounds beyond 6 becomes 6, infinities too.
 * @param values f32[n] or f64[n]  @param out u8[n] to write to @default a new array
 * @returns u8[n], codes 0 … 15, sign in bit 3
 * @throws {InvalidInputError} on a NaN, which the format cannot hold
 * @throws {ShapeError} when `out` has another length
 * @example
 * encodeE2M1(new Float32Array([0.25, -1.5, 100])); // Uint8Array [ 0, 11, 7 ]
 */
export function encodeE2M1(
  values: Float32Array | Float64Array,
  out: Uint8Array = new Uint8Array(values.length),
): Uint8Array {
  checkOutputLength('encodeE2M1', values.length, out.length);
  return encodeEach(values, out, codeOfBits);
}

/**
 * Widen E2M1 codes to float32, exactly.
 * @param codes u8[n], 0 … 15  @param out f32[n] to write to @default a new array
 * @returns f32[n]
 * @throws {ShapeError} when a code is over 15, or `out` has another length
 * @example
 * decodeE2M1(new Uint8Array([3, 15])); // Float32Array [ 1.5, -6 ]
 */
export function decodeE2M1(
  codes: Uint8Array,
  out: Float32Array = new Float32Array(codes.length),
): Float32Array {
  checkOutputLength('decodeE2M1', codes.length, out.length);
  const at = codes.findIndex((code) => code > 15);
  if (at >= 0) {
    const problem = `element ${at} is not a code of 4 bits`;
    const hint = 'Take two codes out of each byte with unpackNibbles first';
    throw new ShapeError({ op: 'decodeE2M1', problem, expected: '0 to 15', received: codes[at]!, hint });
  }
  return decodeEach(codes, out, DECODED);
}

/** The code of a float32 bit pattern. */
function codeOfBits(bits: number): number {
  const sign = (bits >>> 28) & 8;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) {
    throw new InvalidInputError({
      op: 'encodeE2M1',
      problem: 'E2M1 has no NaN',
      expected: 'numbers',
      received: 'NaN',
    });
  }
  if (size === 0x7f800000) return sign | MAX_CODE;
  return sign | Math.min(MAX_CODE, roundMagnitude(size, MANTISSA_BITS, BIAS));
}
