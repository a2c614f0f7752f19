import { DTYPES, type DType, FormatError, UnsupportedError } from '@bitcliff/core';
import type { Place } from '../../internal/elements.ts';

/** Field numbers of the typed data of a TensorProto, onnx/onnx.proto. */
export const TYPED_FIELDS: Readonly<Record<number, string>> = {
  4: 'float_data',
  5: 'int32_data',
  7: 'int64_data',
  10: 'double_data',
  11: 'uint64_data',
};

/** A type that is read: its name here, and the field of its typed data. */
export interface StoredDataType {
  readonly dtype: DType;
  readonly typedField: number;
}

const READ: ReadonlyMap<number, StoredDataType> = new Map<number, StoredDataType>([
  // onnx/onnx.proto, TensorProto.DataType, and the comments of the *_data fields
  [1, { dtype: 'F32', typedField: 4 }],
  [2, { dtype: 'U8', typedField: 5 }],
  [3, { dtype: 'I8', typedField: 5 }],
  [4, { dtype: 'U16', typedField: 5 }],
  [5, { dtype: 'I16', typedField: 5 }],
  [6, { dtype: 'I32', typedField: 5 }],
  [7, { dtype: 'I64', typedField: 7 }],
  [9, { dtype: 'BOOL', typedField: 5 }],
  [10, { dtype: 'F16', typedField: 5 }],
  [11, { dtype: 'F64', typedField: 10 }],
  [12, { dtype: 'U32', typedField: 11 }],
  [13, { dtype: 'U64', typedField: 11 }],
  [16, { dtype: 'BF16', typedField: 5 }],
  [17, { dtype: 'F8_E4M3', typedField: 5 }],
  [19, { dtype: 'F8_E5M2', typedField: 5 }],
]);

const NOT_READ: Readonly<Record<number, string>> = {
  8: 'STRING',
  14: 'COMPLEX64',
  15: 'COMPLEX128',
  18: 'FLOAT8E4M3FNUZ',
  20: 'FLOAT8E5M2FNUZ',
  21: 'UINT4',
  22: 'INT4',
  23: 'FLOAT4E2M1',
  24: 'FLOAT8E8M0',
  25: 'UINT2',
  26: 'INT2',
};

/**
 * The type of an ONNX number.
 * @throws {FormatError} when there is none  @throws {UnsupportedError} when it is not read, by its name
 */
export function storedDataType(number: number | undefined, place: Place): StoredDataType {
  if (number === undefined || number === 0) {
    const expected = 'a number of TensorProto.DataType';
    const received = number === undefined ? 'nothing' : '0, UNDEFINED';
    throw new FormatError({ ...place, problem: 'no data_type', expected, received });
  }
  const known = READ.get(number);
  if (known !== undefined) return known;
  throw new UnsupportedError({
    ...place,
    problem: 'data_type is not read',
    expected: `one of: ${[...READ.values()].map(({ dtype }) => dtype).join(', ')}`,
    received: `${NOT_READ[number] ?? 'an unknown type'} (${number})`,
  });
}

/** Bytes of one element. */
export const sizeOf = (dtype: DType): number => DTYPES[dtype].bytes;
