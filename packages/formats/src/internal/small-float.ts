/** @file Rounding of float32 bit patterns to formats of at most 8 bits. Integer arithmetic, one rounding to nearest even. */
import { bitsRoundedToOdd } from './float-bits.ts';

/**
 * The code of a magnitude in a float format whose exponents have no upper end: the caller compares with its largest code.
 * @param size float32 bits of a finite magnitude, sign cleared
 * @param mantissaBits stored significand bits of the format  @param bias exponent bias of the format, at most 127
 * @returns exponent and significand as one integer, rounded to nearest even
 */
export function roundMagnitude(size: number, mantissaBits: number, bias: number): number {
  const drop = 23 - mantissaBits;
  const rebias = 127 - bias;
  const exponent = size >>> 23;
  if (exponent > rebias) {
    // normal: a carry out of the significand raises the exponent
    return (size - (rebias << 23) + (1 << (drop - 1)) - 1 + ((size >>> drop) & 1)) >>> drop;
  }
  const shift = drop + 1 + rebias - exponent;
  if (shift > 24) return 0; // below half of the smallest subnormal
  const significand = (size & 0x7fffff) | 0x800000;
  const kept = significand >>> shift;
  const dropped = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return dropped > half || (dropped === half && (kept & 1) === 1) ? kept + 1 : kept;
}

/** Apply `codeOf` to the float32 bits of each number; float64 is rounded to odd first, so that it is rounded once. */
export function encodeEach(
  values: Float32Array | Float64Array,
  out: Uint8Array,
  codeOf: (bits: number) => number,
): Uint8Array {
  if (values instanceof Float64Array) {
    for (let i = 0; i < values.length; i++) out[i] = codeOf(bitsRoundedToOdd(values[i]!));
    return out;
  }
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) out[i] = codeOf(bits[i]!);
  return out;
}

/** Write the float32 bits that `table` has for each code. */
export function decodeEach(codes: Uint8Array, out: Float32Array, table: Int32Array): Float32Array {
  const bits = new Int32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < codes.length; i++) bits[i] = table[codes[i]!]!;
  return out;
}

/**
 * Float32 bits of all codes of a format, sign bit included.
 * @param numberOf the number of a code without its sign
 */
export function decodeTable(codeBits: number, numberOf: (magnitude: number) => number): Int32Array {
  const signBit = 1 << (codeBits - 1);
  const values = Float32Array.from({ length: 2 * signBit }, (_, code) => numberOf(code & (signBit - 1)));
  // the sign is set on the bits, because a NaN has one too
  return new Int32Array(values.buffer).map((bits, code) => (code >= signBit ? bits | 0x80000000 : bits));
}

/** The number of a finite code from the definition: significand times 2 to the exponent, subnormals below exponent 1. */
export function smallFloatValue(magnitude: number, mantissaBits: number, bias: number): number {
  const exponent = magnitude >>> mantissaBits;
  const significand = magnitude & ((1 << mantissaBits) - 1);
  const one = 1 << mantissaBits;
  return exponent === 0
    ? significand * 2 ** (1 - bias - mantissaBits)
    : (one + significand) * 2 ** (exponent - bias - mantissaBits);
}
