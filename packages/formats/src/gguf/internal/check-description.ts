import { InvalidInputError } from '@bitcliff/core';
import { quote } from '../../internal/quote.ts';
import type { GgufTensorDescription } from '../gguf-header.ts';
import { GGUF_TENSOR_NAME_LIMIT } from '../gguf-limits.ts';
import { blockOf, numberOfType, tensorBytes, typeNames } from './tensor-types.ts';

/** Most dimensions that ggml loads. */
const WRITE_DIMENSIONS = 4; // ggml/include/ggml.h, GGML_MAX_DIMS

/**
 * Check a tensor that is to be written, and add its name to `names`.
 * @returns bytes of its data
 * @throws {InvalidInputError} on a name, type or shape that the format or ggml cannot hold
 */
export function checkDescription(op: string, tensor: GgufTensorDescription, names: Set<string>): number {
  const { name, shape, type } = tensor;
  const bad = (problem: string, expected: string, received: string | number): InvalidInputError =>
    new InvalidInputError({ op, problem, expected, received, where: `tensor ${quote(name)}` });

  const nameBytes = new TextEncoder().encode(name).length;
  if (name === '' || !name.isWellFormed() || nameBytes >= GGUF_TENSOR_NAME_LIMIT) {
    const expected = `1 to ${GGUF_TENSOR_NAME_LIMIT - 1} bytes of well-formed Unicode`;
    throw bad('bad tensor name', expected, `${nameBytes} bytes`);
  }
  if (names.has(name)) throw bad('a tensor is there twice', 'every name once', quote(name));
  names.add(name);
  if (numberOfType(type) === undefined) {
    throw bad('GGUF does not have this type', `one of: ${typeNames().join(', ')}`, type);
  }
  const isShape =
    shape.length <= WRITE_DIMENSIONS && shape.every((size) => Number.isSafeInteger(size) && size > 0);
  if (!isShape)
    throw bad('bad shape', `at most ${WRITE_DIMENSIONS} integers from 1`, `[${shape.join(', ')}]`);
  const { size } = blockOf(type);
  const rowLength = shape.at(-1) ?? 1;
  if (rowLength % size !== 0) {
    throw bad(`rows are not whole blocks of ${type}`, `a multiple of ${size} elements`, rowLength);
  }
  const byteLength = tensorBytes(type, shape);
  if (byteLength === undefined) {
    throw bad('shape overflows', 'at most 2^53 - 1 bytes', `[${shape.join(', ')}]`);
  }
  return byteLength;
}
