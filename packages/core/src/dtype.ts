/**
 * Names of element types, spelled as safetensors spells them.
 * `F16` and `BF16` are held as their 16 bits, `F8_*` as their 8 bits, `BOOL` as one byte of 0 or 1.
 */
export const DTYPES = {
  F64: { bytes: 8, array: Float64Array },
  F32: { bytes: 4, array: Float32Array },
  F16: { bytes: 2, array: Uint16Array },
  BF16: { bytes: 2, array: Uint16Array },
  F8_E4M3: { bytes: 1, array: Uint8Array },
  F8_E5M2: { bytes: 1, array: Uint8Array },
  I64: { bytes: 8, array: BigInt64Array },
  I32: { bytes: 4, array: Int32Array },
  I16: { bytes: 2, array: Int16Array },
  I8: { bytes: 1, array: Int8Array },
  U64: { bytes: 8, array: BigUint64Array },
  U32: { bytes: 4, array: Uint32Array },
  U16: { bytes: 2, array: Uint16Array },
  U8: { bytes: 1, array: Uint8Array },
  BOOL: { bytes: 1, array: Uint8Array },
} as const;

/** Name of an element type. */
export type DType = keyof typeof DTYPES;

/** The typed array that holds elements of one dtype. */
export type TypedArrayOf<D extends DType> = InstanceType<(typeof DTYPES)[D]['array']>;

/** True when `name` is a known dtype. */
export function isDType(name: string): name is DType {
  return Object.hasOwn(DTYPES, name);
}

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return DTYPES[dtype].bytes;
}
