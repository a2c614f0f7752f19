/** @file The numbers that GGUF gives to metadata types. */
import type { GgufNumberArrays, GgufNumberType } from '../gguf-value.ts';

/** Type names by their number. */
export const VALUE_TYPES = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  'array',
  'u64',
  'i64',
  'f64',
] as const; // ggml/docs/gguf.md, gguf_metadata_value_type

/** Name of a metadata type. */
export type ValueType = (typeof VALUE_TYPES)[number];

type Constructors = {
  readonly [T in GgufNumberType]: {
    readonly BYTES_PER_ELEMENT: number;
    new (buffer: ArrayBuffer): GgufNumberArrays[T];
  };
};

/** Array constructors of the number types. */
export const NUMBER_ARRAYS: Constructors = {
  u8: Uint8Array,
  i8: Int8Array,
  u16: Uint16Array,
  i16: Int16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f32: Float32Array,
  u64: BigUint64Array,
  i64: BigInt64Array,
  f64: Float64Array,
};

/** True for types of fixed size that are numbers. */
export function isNumberType(type: ValueType): type is GgufNumberType {
  return Object.hasOwn(NUMBER_ARRAYS, type);
}
