/**
 * @file Names of element types, spelled as safetensors spells them.
 * `F16` and `BF16` are held as their 16 bits, `F8_*` as their 8 bits, `BOOL` as one byte of 0 or 1.
 */

/** The typed array that holds elements of each dtype. */
export interface DTypeArrays {
  F64: Float64Array;
  F32: Float32Array;
  F16: Uint16Array;
  BF16: Uint16Array;
  F8_E4M3: Uint8Array;
  F8_E5M2: Uint8Array;
  I64: BigInt64Array;
  I32: Int32Array;
  I16: Int16Array;
  I8: Int8Array;
  U64: BigUint64Array;
  U32: Uint32Array;
  U16: Uint16Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

/** Name of an element type. */
export type DType = keyof DTypeArrays;

/** The typed array that holds elements of one dtype. */
export type TypedArrayOf<D extends DType> = DTypeArrays[D];

type Constructors = {
  readonly [D in DType]: {
    readonly bytes: number;
    readonly array: new (buffer: ArrayBuffer, byteOffset?: number, length?: number) => DTypeArrays[D];
  };
};

/** Bytes per element and array constructor of each dtype. */
export const DTYPES: Constructors = {
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
};

/** True when `name` is a known dtype. */
export function isDType(name: string): name is DType {
  return Object.hasOwn(DTYPES, name);
}

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return DTYPES[dtype].bytes;
}
