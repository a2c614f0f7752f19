/**
 * @file Half precision without a half-precision unit: every value that a bf16 or fp16 machine would store is rounded to what that format holds and
 * kept in float32. Products of two such values are exact in float32 and sums are taken in float32, as tensor cores do it.
 */
import { lax, numpy as np } from '@jax-js/jax';

/** The format of activations, gradients and operands; weights and optimizer state are always float32. */
export type Precision = 'f32' | 'bf16' | 'fp16';

/** Rounds every element of a float32 array. Consumes its argument; the derivative is never taken. */
export type Rounding = (x: np.Array) => np.Array;

/** The rounding of each precision: nearest, ties to even, one rounding, beyond the largest number to infinity. */
export const ROUNDINGS: Readonly<Record<Precision, Rounding>> = {
  f32: (x) => x,
  bf16: roundToBF16,
  fp16: roundToF16,
};

const u32 = (value: number): np.Array => np.array(value, { dtype: np.uint32 });
const and = (x: np.Array, mask: number): np.Array => np.bitwiseAnd(x, u32(mask));
const bitsOf = (x: np.Array): np.Array => lax.bitcastConvertType(x, np.uint32);
const floatOf = (bits: np.Array): np.Array => lax.bitcastConvertType(bits, np.float32);

/** The bit pattern with its last `dropped` bits rounded away, nearest even; a carry raises the exponent, up to infinity. */
function dropBits(bits: np.Array, dropped: number): np.Array {
  const lastKept = and(np.rightShift(bits.ref, u32(dropped)), 1);
  const up = lastKept.add(u32(2 ** (dropped - 1) - 1));
  return and(bits.add(up), 2 ** 32 - 2 ** dropped);
}

/** bfloat16: the upper 16 bits. A NaN becomes the quiet NaN of its sign, as `encodeBF16` of `@bitcliff/formats` has it. */
function roundToBF16(x: np.Array): np.Array {
  const bits = bitsOf(x);
  const notANumber = np.greater(and(bits.ref, 0x7fffffff), u32(0x7f800000));
  const quiet = and(bits.ref, 0x80000000).add(u32(0x7fc00000));
  return floatOf(np.where(notANumber, quiet, dropBits(bits, 16)));
}

/** binary16: 13 bits fewer, multiples of 2⁻²⁴ below 2⁻¹⁴, infinity from 65520 on. A NaN becomes the quiet NaN of its sign. */
function roundToF16(x: np.Array): np.Array {
  const bits = bitsOf(x);
  const sign = and(bits.ref, 0x80000000);
  const size = and(bits, 0x7fffffff);
  // 0.5 has a last place of 2⁻²⁴: the sum is the rounding, its low bits the count of steps
  const steps = bitsOf(floatOf(size.ref).add(0.5)).sub(u32(0x3f000000));
  const subnormal = bitsOf(steps.astype(np.float32).mul(2 ** -24));
  const normal = dropBits(size.ref, 13);
  const finite = np.where(np.less(size.ref, u32(0x38800000)), subnormal, normal);
  const orInfinity = np.where(np.greaterEqual(finite.ref, u32(0x47800000)), u32(0x7f800000), finite);
  const orNaN = np.where(np.greater(size, u32(0x7f800000)), u32(0x7fc00000), orInfinity);
  return floatOf(orNaN.add(sign));
}
