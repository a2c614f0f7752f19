/**
 * @file Integers of 2 to 8 bits as dense bit streams: element i has bits i·b … i·b + b − 1 of the stream, its low bit first,
 * and bit k of the stream is bit k mod 8 of byte ⌊k / 8⌋. Elements of 3, 5 and 6 bits straddle bytes. With 4 bits this is
 * two elements per byte, the even one in the low nibble; with 2 bits four per byte.
 */
import { InvalidInputError, ShapeError } from '@bitcliff/core';

/** Widths that pack. */
export type PackedBits = 2 | 3 | 4 | 5 | 6 | 8;

const WIDTHS: readonly number[] = [2, 3, 4, 5, 6, 8];

/** How integers are packed. */
export interface PackBitsOptions {
  /** Bits per element. */
  readonly bits: PackedBits;
}

/** How integers are unpacked. */
export interface UnpackBitsOptions extends PackBitsOptions {
  /** Elements to unpack; the last byte may hold unused bits after them, of any value. */
  readonly count: number;
}

/**
 * Bytes of a packed array.
 * @param count elements, an integer from 0  @returns ⌈count · bits / 8⌉
 */
export function packedByteLength(count: number, bits: PackedBits): number {
  // by whole groups of 8 elements, so that no product leaves the safe integers before the result does
  return Math.floor(count / 8) * bits + Math.ceil(((count % 8) * bits) / 8);
}

/**
 * Pack integers. Signed input is packed in two's complement.
 * @param values i8[n] in [−2^(bits−1), 2^(bits−1)), or u8[n] in [0, 2^bits)
 * @returns u8[⌈n · bits / 8⌉]; unused bits of the last byte are 0
 * @throws {InvalidInputError} when a value does not fit, or the width is not one of 2, 3, 4, 5, 6, 8
 * @example
 * packBits(new Int8Array([-1, 1, 0, 2]), { bits: 3 }); // Uint8Array [ 15, 4 ]
 */
export function packBits(values: Int8Array | Uint8Array, { bits }: PackBitsOptions): Uint8Array {
  checkWidth('packBits', bits);
  checkRange('packBits', values, bits);
  const mask = 2 ** bits - 1;
  const packed = new Uint8Array(packedByteLength(values.length, bits));
  let pending = 0; // bits not written yet, fewer than 16
  let width = 0;
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    pending |= (values[i]! & mask) << width;
    width += bits;
    while (width >= 8) {
      packed[at++] = pending;
      pending >>>= 8;
      width -= 8;
    }
  }
  if (width > 0) packed[at] = pending;
  return packed;
}

/**
 * Unpack unsigned integers.
 * @param packed u8[⌈count · bits / 8⌉]
 * @returns u8[count], each in [0, 2^bits)
 * @throws {ShapeError} when `packed` has another length
 * @throws {InvalidInputError} when the width is not one of 2, 3, 4, 5, 6, 8
 * @example
 * unpackBits(new Uint8Array([15, 4]), { bits: 3, count: 4 }); // Uint8Array [ 7, 1, 0, 2 ]
 */
export function unpackBits(packed: Uint8Array, options: UnpackBitsOptions): Uint8Array {
  checkPacked('unpackBits', packed, options);
  return unpackInto(packed, options.bits, new Uint8Array(options.count));
}

/**
 * Unpack integers in two's complement.
 * @param packed u8[⌈count · bits / 8⌉]
 * @returns i8[count], each in [−2^(bits−1), 2^(bits−1))
 * @throws {ShapeError} when `packed` has another length
 * @throws {InvalidInputError} when the width is not one of 2, 3, 4, 5, 6, 8
 * @example
 * unpackSignedBits(new Uint8Array([15, 4]), { bits: 3, count: 4 }); // Int8Array [ -1, 1, 0, 2 ]
 */
export function unpackSignedBits(packed: Uint8Array, options: UnpackBitsOptions): Int8Array {
  checkPacked('unpackSignedBits', packed, options);
  const values = new Int8Array(options.count);
  unpackInto(packed, options.bits, new Uint8Array(values.buffer));
  const unused = 32 - options.bits;
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! << unused) >> unused;
  return values;
}

function unpackInto(packed: Uint8Array, bits: PackedBits, out: Uint8Array): Uint8Array {
  const mask = 2 ** bits - 1;
  let pending = 0;
  let width = 0;
  let at = 0;
  for (let i = 0; i < out.length; i++) {
    if (width < bits) {
      pending |= packed[at++]! << width;
      width += 8;
    }
    out[i] = pending & mask;
    pending >>>= bits;
    width -= bits;
  }
  return out;
}

function checkWidth(op: string, bits: number): void {
  if (WIDTHS.includes(bits)) return;
  const expected = `one of: ${WIDTHS.join(', ')}`;
  throw new InvalidInputError({ op, problem: 'unknown width', expected, received: bits, where: 'bits' });
}

function checkRange(op: string, values: Int8Array | Uint8Array, bits: number): void {
  const signed = values instanceof Int8Array;
  const low = signed ? -(2 ** (bits - 1)) : 0;
  const high = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value >= low && value <= high) continue;
    const problem = `element ${i} does not fit ${bits} bits`;
    throw new InvalidInputError({ op, problem, expected: `${low} to ${high}`, received: value });
  }
}

function checkPacked(op: string, packed: Uint8Array, { bits, count }: UnpackBitsOptions): void {
  checkWidth(op, bits);
  const whole = Number.isSafeInteger(count) && count >= 0;
  const expected = whole ? `${packedByteLength(count, bits)} bytes` : 'an integer count from 0';
  if (whole && packed.length === packedByteLength(count, bits)) return;
  throw new ShapeError({
    op,
    problem: `bytes do not fit ${count} elements of ${bits} bits`,
    expected,
    received: whole ? packed.length : count,
  });
}
