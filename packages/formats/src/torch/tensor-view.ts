/** @file A strided view of a storage: whether it stays inside, whether it lies in one piece, and how to gather it when it does not. */
import { bytesPerElement, elementCount, FormatError } from '@bitcliff/core';
import type { Place } from '../internal/elements.ts';
import type { PickleTensor } from './pickle-values.ts';
import { elementsOf } from './rebuild-tensor.ts';
import { TORCH_EXPANDED_LIMIT } from './torch-limits.ts';

/** A view that was checked against its storage. Offsets and strides count elements. */
export interface TensorView {
  /** Without axes of size one, and with axes joined where they run on: row-major order and elements are the tensor's. */
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  /** Elements of the view. */
  readonly count: number;
  /** True when the elements lie in one piece, in order. */
  readonly contiguous: boolean;
}

/**
 * Check a view against its storage.
 * @throws {FormatError} when an element lies outside, the size overflows, or repeated elements make it larger than `TORCH_EXPANDED_LIMIT`
 */
export function checkView(tensor: PickleTensor, place: Place): TensorView {
  const { dtype, storage, offset, shape, strides } = tensor;
  const available = elementsOf(storage, dtype);
  const count = countOf(shape);
  const byteLength = (count ?? Number.POSITIVE_INFINITY) * bytesPerElement(dtype);
  if (count === undefined || !Number.isSafeInteger(byteLength)) {
    throw new FormatError({
      ...place,
      problem: 'shape overflows',
      expected: 'at most 2^53 - 1 bytes',
      received: `[${shape.join(', ')}]`,
    });
  }
  // exact also when the sum leaves the safe integers: it never comes back
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
  const end = count === 0 ? offset : last + 1;
  if (!(end <= available)) {
    throw new FormatError({
      ...place,
      problem: `view with offset ${offset} and stride [${strides.join(', ')}] reaches past its storage`,
      expected: `at most ${available} elements`,
      received: end,
    });
  }
  if (count > available && byteLength > TORCH_EXPANDED_LIMIT) {
    throw new FormatError({
      ...place,
      problem: 'view that repeats elements is over the limit',
      expected: `at most ${TORCH_EXPANDED_LIMIT} bytes`,
      received: byteLength,
    });
  }
  const joined = joinAxes(shape, strides);
  const contiguous =
    count === 0 || joined.shape.length === 0 || (joined.shape.length === 1 && joined.strides[0] === 1);
  return { ...joined, offset, count, contiguous };
}

/** Elements of the storage that rows of a range need: from the lowest to the highest index. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The part of the storage that elements start, …, end − 1 of a view lie in. */
export function spanOf(view: TensorView, start: number, end: number): Span {
  if (start === end) return { start: view.offset, end: view.offset };
  if (view.contiguous) return { start: view.offset + start, end: view.offset + end };
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  forEachRun(view, start, end, (at, length, stride) => {
    low = Math.min(low, at);
    high = Math.max(high, at + (length - 1) * stride);
  });
  return { start: low, end: high + 1 };
}

/**
 * Copy elements of a view out of its storage.
 * @param bytes the storage's bytes of `span`  @param size bytes per element
 * @returns u8[(end − start) · size], the elements in row-major order
 */
export function gather(
  view: TensorView,
  start: number,
  end: number,
  span: Span,
  bytes: Uint8Array,
  size: 1 | 2 | 4 | 8,
): Uint8Array {
  // eight bytes are copied as two halves: Float64Array could change a NaN, BigUint64Array is slow
  const unit = size === 8 ? 4 : size;
  const UnitArray = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[unit];
  const halves = size / unit;
  const aligned = bytes.byteOffset % unit === 0 ? bytes : new Uint8Array(bytes);
  const units = (span.end - span.start) * halves;
  const from = new UnitArray(aligned.buffer as ArrayBuffer, aligned.byteOffset, units);
  const to = new UnitArray((end - start) * halves);
  let k = 0;
  forEachRun(view, start, end, (at, length, stride) => {
    let j = (at - span.start) * halves;
    for (let i = 0; i < length; i++, j += stride * halves) {
      to[k++] = from[j]!;
      if (halves === 2) to[k++] = from[j + 1]!;
    }
  });
  return new Uint8Array(to.buffer);
}

/** Visit the elements of a range as runs along the last axis: index of the first in the storage, how many, how far apart. */
function forEachRun(
  view: TensorView,
  start: number,
  end: number,
  visit: (at: number, length: number, stride: number) => void,
): void {
  const { shape, strides, offset } = view;
  const inner = shape.at(-1) ?? 1;
  const stride = strides.at(-1) ?? 0;
  const outer = shape.slice(0, -1);
  let column = start % inner;
  const index = unravel(Math.floor(start / inner), outer);
  let left = end - start;
  while (left > 0) {
    const row = index.reduce((sum, i, axis) => sum + i * strides[axis]!, offset);
    const length = Math.min(inner - column, left);
    visit(row + column * stride, length, stride);
    left -= length;
    column = 0;
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < outer[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** Position of a row-major index on each axis. */
function unravel(position: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = position;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

/** The same elements in the same order on as few axes as possible, so that gathering runs over long rows. */
function joinAxes(
  shape: readonly number[],
  strides: readonly number[],
): { shape: number[]; strides: number[] } {
  const joined = { shape: [] as number[], strides: [] as number[] };
  for (const [axis, size] of shape.entries()) {
    const stride = strides[axis]!;
    if (size === 1) continue;
    const last = joined.shape.length - 1;
    if (last >= 0 && joined.strides[last] === size * stride) {
      joined.shape[last]! *= size;
      joined.strides[last] = stride;
    } else {
      joined.shape.push(size);
      joined.strides.push(stride);
    }
  }
  return joined;
}

/** Elements of a shape, or undefined when the product leaves the safe integers. */
function countOf(shape: readonly number[]): number | undefined {
  try {
    return elementCount(shape);
  } catch {
    return undefined; // elementCount throws on nothing else, the sizes are checked
  }
}
