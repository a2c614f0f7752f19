/** @file Tensor descriptions against the file: types, shapes, offsets, overlaps. */
import { FormatError, UnsupportedError } from '@bitcliff/core';
import { quote } from '../../internal/quote.ts';
import type { StorageType } from '../../tensor-source.ts';
import type { RawTensor } from './read-header.ts';
import { blockOf, describeTypeNumber, tensorBytes, typeNames, typeOfNumber } from './tensor-types.ts';

const op = 'openGguf';

/** A tensor whose place in the file is known to be good. */
export interface CheckedTensor {
  readonly type: StorageType;
  /** Row-major. */
  readonly shape: readonly number[];
  /** First byte, from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** Where the data lies, and what the file is called. */
export interface DataPlace {
  readonly alignment: number;
  /** First byte of the data. */
  readonly dataStart: number;
  readonly fileLength: number;
  readonly path: string;
}

/**
 * @returns the tensors by name, in the header's order
 * @throws {FormatError} when a tensor does not fit its type, the alignment or the file, or overlaps another
 * @throws {UnsupportedError} on a type that this package does not read
 */
export function checkTensors(tensors: readonly RawTensor[], data: DataPlace): Map<string, CheckedTensor> {
  const checked = new Map(tensors.map((tensor) => [tensor.name, checkTensor(tensor, data)]));
  const inOrder = [...checked]
    .filter(([, tensor]) => tensor.byteLength > 0)
    .sort(([, a], [, b]) => a.offset - b.offset);
  for (let i = 1; i < inOrder.length; i++) {
    const [name, tensor] = inOrder[i]!;
    const [before, previous] = inOrder[i - 1]!;
    const end = previous.offset + previous.byteLength;
    if (tensor.offset >= end) continue;
    throw new FormatError({
      op,
      problem: `data overlaps that of tensor ${quote(before)}`,
      expected: `an offset of at least ${end - data.dataStart}`,
      received: tensor.offset - data.dataStart,
      where: `tensor ${quote(name)}`,
      path: data.path,
    });
  }
  return checked;
}

function checkTensor(tensor: RawTensor, data: DataPlace): CheckedTensor {
  const { shape, offset } = tensor;
  const place = { op, where: `tensor ${quote(tensor.name)}`, path: data.path };
  const type = typeOfNumber(tensor.type);
  if (type === undefined) {
    throw new UnsupportedError({
      ...place,
      problem: 'unknown tensor type',
      expected: `one of: ${typeNames().join(', ')}`,
      received: describeTypeNumber(tensor.type),
    });
  }
  const { size } = blockOf(type);
  const rowLength = shape.at(-1) ?? 1;
  if (rowLength % size !== 0) {
    const problem = `rows are not whole blocks of ${type}`;
    const expected = `a multiple of ${size} elements`;
    throw new FormatError({ ...place, problem, expected, received: rowLength });
  }
  const byteLength = tensorBytes(type, shape);
  if (byteLength === undefined) {
    const received = `[${shape.join(', ')}]`;
    throw new FormatError({
      ...place,
      problem: 'shape overflows',
      expected: 'at most 2^53 - 1 bytes',
      received,
    });
  }
  if (offset % data.alignment !== 0) {
    const expected = `a multiple of ${data.alignment}`;
    throw new FormatError({ ...place, problem: 'offset is not aligned', expected, received: offset });
  }
  const available = data.fileLength - data.dataStart;
  if (offset > available || byteLength > available - offset) {
    throw new FormatError({
      ...place,
      problem: 'data reaches past the end of the file',
      expected: `at most ${Math.max(0, available)} bytes of data`,
      received: `offset ${offset}, length ${byteLength}`,
    });
  }
  return { type, shape, offset: data.dataStart + offset, byteLength };
}
