/**
 * @file E8M0, the scale format of MXFP4 and its kin: a power of two from 2^-127 to 2^127, no sign, no zero, one NaN (255).
 * @see https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf section 5.4.1
 */
import { InvalidInputError } from '@bitcliff/core';
import { checkOutputLength } from '../internal/codec-output.ts';

/** Exponent bias: code 127 is 1. */
export const E8M0_BIAS = 127; // OCP MX 1.0, section 5.4.1

const NAN_CODE = 255;
const MAX_CODE = 254;

/**
 * Which of the two neighbouring powers of two a number becomes.
 * - `floor`: the lower. The OCP rule for block scales and the default of microxcaling and torchao take it of the largest element.
 * - `ceil`: the upper.
 * - `nearest`: the nearer by value, the upper of a tie (1.5 becomes 2), as the cast of torch does for normal numbers.
 */
export type E8M0Rounding = 'floor' | 'ceil' | 'nearest';

/**
 * Round positive numbers to powers of two. Zero and what lies below 2^-127 become 2^-127, what rounds beyond 2^127 becomes
 * 2^127; infinity and NaN become NaN.
 * @param values f32[n] or f64[n], none negative  @param out u8[n] to write to @default a new array
 * @param rounding which power of two @default 'nearest'
 * @returns u8[n], codes: exponent + 127, or 255 for NaN
 * @throws {InvalidInputError} on a negative number
 * @throws {ShapeError} when `out` has another length
 * @example
 * encodeE8M0(new Float32Array([1, 6]), undefined, 'floor'); // Uint8Array [ 127, 129 ]
 */
export function encodeE8M0(
  values: Float32Array | Float64Array,
  out: Uint8Array = new Uint8Array(values.length),
  rounding: E8M0Rounding = 'nearest',
): Uint8Array {
  checkOutputLength('encodeE8M0', values.length, out.length);
  for (let i = 0; i < values.length; i++) out[i] = codeOf(values[i]!, rounding);
  return out;
}

/**
 * Widen E8M0 codes to float32, exactly; 255 becomes NaN.
 * @param codes u8[n]  @param out f32[n] to write to @default a new array
 * @returns f32[n], powers of two
 * @throws {ShapeError} when `out` has another length
 * @example
 * decodeE8M0(new Uint8Array([127, 126])); // Float32Array [ 1, 0.5 ]
 */
export function decodeE8M0(
  codes: Uint8Array,
  out: Float32Array = new Float32Array(codes.length),
): Float32Array {
  checkOutputLength('decodeE8M0', codes.length, out.length);
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    // code 0 is 2^-127, a subnormal float32
    bits[i] = code === NAN_CODE ? 0x7fc00000 : code === 0 ? 0x00400000 : code << 23;
  }
  return out;
}

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);

/** The code of a number. Float64 holds every float32, with a normal exponent down to 2^-1022. */
function codeOf(x: number, rounding: E8M0Rounding): number {
  if (!(Math.abs(x) < Infinity)) return NAN_CODE;
  if (x < 0) {
    const expected = 'numbers from 0';
    throw new InvalidInputError({ op: 'encodeE8M0', problem: 'E8M0 has no sign', expected, received: x });
  }
  number[0] = x;
  const high = words[1]! & 0x7fffffff;
  const fraction = high & 0xfffff;
  const isPower = fraction === 0 && words[0] === 0;
  const up = rounding === 'ceil' ? !isPower : rounding === 'nearest' && fraction >= 0x80000;
  const code = (high >>> 20) - 1023 + E8M0_BIAS + (up ? 1 : 0);
  return Math.max(0, Math.min(MAX_CODE, code));
}
