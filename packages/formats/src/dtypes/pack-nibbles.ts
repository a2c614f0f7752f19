/** @file Two 4-bit integers per byte, in either order. */
import { InvalidInputError, ShapeError } from '@bitcliff/core';

/**
 * Where elements 2i and 2i + 1 go in byte i.
 * - `lowFirst`: the even element in the low nibble. ggml, ONNX MatMulNBits, MXFP4, NVFP4, compressed-tensors.
 * - `highFirst`: the even element in the high nibble. GLM-130B, bitsandbytes.
 */
export type NibbleOrder = 'lowFirst' | 'highFirst';

/** How nibbles are packed. */
export interface PackNibblesOptions {
  /** @default 'lowFirst' */
  readonly order?: NibbleOrder;
}

/** How nibbles are unpacked. */
export interface UnpackNibblesOptions extends PackNibblesOptions {
  /** Elements to unpack. @default two per byte */
  readonly count?: number;
}

/**
 * Pack 4-bit integers, two per byte. Signed input is packed in two's complement.
 * @param values i8[n] in [−8, 8), or u8[n] in [0, 16)
 * @returns u8[⌈n / 2⌉]; the unused nibble of an odd count is 0
 * @throws {InvalidInputError} when a value does not fit
 * @example
 * packNibbles(new Int8Array([1, -1])); // Uint8Array [ 0xf1 ]
 */
export function packNibbles(
  values: Int8Array | Uint8Array,
  { order = 'lowFirst' }: PackNibblesOptions = {},
): Uint8Array {
  const bias = values instanceof Int8Array ? 8 : 0;
  const packed = new Uint8Array(Math.ceil(values.length / 2));
  const [even, odd] = shifts('packNibbles', order);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value + bias < 0 || value + bias > 15) {
      const problem = `element ${i} does not fit 4 bits`;
      const expected = `${-bias} to ${15 - bias}`;
      throw new InvalidInputError({ op: 'packNibbles', problem, expected, received: value });
    }
    packed[i >>> 1]! |= (value & 15) << ((i & 1) === 0 ? even : odd);
  }
  return packed;
}

/**
 * Unpack unsigned 4-bit integers.
 * @param packed u8[⌈count / 2⌉]
 * @returns u8[count], each in [0, 16)
 * @throws {ShapeError} when the count does not fit the bytes
 * @example
 * unpackNibbles(new Uint8Array([0xf1])); // Uint8Array [ 1, 15 ]
 */
export function unpackNibbles(packed: Uint8Array, options: UnpackNibblesOptions = {}): Uint8Array {
  const { order = 'lowFirst', count = packed.length * 2 } = options;
  if (!Number.isSafeInteger(count) || count < 0 || Math.ceil(count / 2) !== packed.length) {
    const problem = 'bytes do not fit the count';
    const expected = `${packed.length * 2} elements, or one fewer`;
    throw new ShapeError({ op: 'unpackNibbles', problem, expected, received: count });
  }
  const [even, odd] = shifts('unpackNibbles', order);
  const values = new Uint8Array(count);
  for (let i = 0; i < packed.length; i++) {
    const byte = packed[i]!;
    values[2 * i] = (byte >>> even) & 15;
    values[2 * i + 1] = (byte >>> odd) & 15; // beyond the end of an odd count: dropped
  }
  return values;
}

/**
 * Unpack 4-bit integers in two's complement.
 * @param packed u8[⌈count / 2⌉]
 * @returns i8[count], each in [−8, 8)
 * @throws {ShapeError} when the count does not fit the bytes
 * @example
 * unpackSignedNibbles(new Uint8Array([0xf1])); // Int8Array [ 1, -1 ]
 */
export function unpackSignedNibbles(packed: Uint8Array, options: UnpackNibblesOptions = {}): Int8Array {
  const values = new Int8Array(unpackNibbles(packed, options).buffer);
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! << 28) >> 28;
  return values;
}

function shifts(op: string, order: NibbleOrder): readonly [number, number] {
  if (order === 'lowFirst') return [0, 4];
  if (order === 'highFirst') return [4, 0];
  const expected = 'one of: lowFirst, highFirst';
  throw new InvalidInputError({ op, problem: 'unknown nibble order', expected, received: String(order) });
}
