/** @file Between the bytes of a file and the typed array of a dtype, without a copy where alignment allows. */
import { DTYPES, type DType, FormatError, Tensor, type TypedArrayOf } from '@bitcliff/core';

/** Where the bytes come from, for messages. */
export interface Place {
  readonly op: string;
  readonly where?: string;
  readonly path: string;
}

/**
 * A tensor over little-endian bytes.
 * @param bytes exactly the tensor's bytes; viewed when aligned to the element size, else copied
 * @throws {FormatError} when a BOOL byte is neither 0 nor 1
 */
export function tensorFromBytes(
  dtype: DType,
  shape: readonly number[],
  bytes: Uint8Array,
  place: Place,
): Tensor {
  if (dtype === 'BOOL') checkBooleans(bytes, place);
  const { array: ElementArray, bytes: size } = DTYPES[dtype];
  // not bytes.slice(): that of Node's Buffer is a view
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  const elements = new ElementArray(
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    aligned.byteLength / size,
  );
  return new Tensor<DType>(dtype, shape, elements);
}

/** The bytes of a typed array, as a view. */
export function bytesOf(data: TypedArrayOf<DType>): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function checkBooleans(bytes: Uint8Array, place: Place): void {
  const at = bytes.findIndex((byte) => byte > 1);
  if (at < 0) return;
  throw new FormatError({
    ...place,
    problem: `element ${at} of a BOOL tensor is not a boolean`,
    expected: '0 or 1',
    received: bytes[at]!,
  });
}
