import { type DType, UnsupportedError } from '@bitcliff/core';

/** Numbers of `TensorProto.DataType` for the dtypes that graphs here may hold. */
const DATA_TYPES: Readonly<Partial<Record<DType, number>>> = {
  // onnx/onnx.proto, TensorProto.DataType
  F32: 1,
  U8: 2,
  I8: 3,
  U16: 4,
  I16: 5,
  I32: 6,
  I64: 7,
  BOOL: 9,
  F16: 10,
  F64: 11,
  BF16: 16,
};

/**
 * The ONNX number of a dtype.
 * @throws {UnsupportedError} for U32, U64 and the 8-bit floats
 */
export function onnxDataType(dtype: DType, where: string): number {
  const number = DATA_TYPES[dtype];
  if (number !== undefined) return number;
  throw new UnsupportedError({
    op: 'OnnxGraph',
    problem: 'dtype has no place in a graph',
    expected: `one of: ${Object.keys(DATA_TYPES).join(', ')}`,
    received: dtype,
    where,
  });
}
