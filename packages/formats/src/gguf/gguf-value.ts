/** @file Metadata values of a GGUF file, each with the type it is stored in. */

/** The typed array that holds elements of each number type. */
export interface GgufNumberArrays {
  u8: Uint8Array;
  i8: Int8Array;
  u16: Uint16Array;
  i16: Int16Array;
  u32: Uint32Array;
  i32: Int32Array;
  f32: Float32Array;
  u64: BigUint64Array;
  i64: BigInt64Array;
  f64: Float64Array;
}

/** Name of a number type, as ggml spells it. */
export type GgufNumberType = keyof GgufNumberArrays;

/** An array in the metadata; all elements have one type. */
export type GgufArray =
  | {
      readonly [T in GgufNumberType]: {
        readonly type: 'array';
        readonly of: T;
        readonly value: GgufNumberArrays[T];
      };
    }[GgufNumberType]
  | { readonly type: 'array'; readonly of: 'bool'; readonly value: readonly boolean[] }
  | { readonly type: 'array'; readonly of: 'string'; readonly value: readonly string[] }
  | { readonly type: 'array'; readonly of: 'array'; readonly value: readonly GgufArray[] };

/**
 * A metadata value with its stored type. 64-bit integers are always bigint, so that a type never depends on a value;
 * `ggufNumber` makes a number of any numeric one.
 */
export type GgufValue =
  | { readonly type: 'u64' | 'i64'; readonly value: bigint }
  | { readonly type: Exclude<GgufNumberType, 'u64' | 'i64'>; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | GgufArray;
