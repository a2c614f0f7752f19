/** @file The integer product of vector-wise W8A8: Y = (X_Q W_Q) · s_x ⊗ s_w. */
import { InternalError, ShapeError } from '@bitcliff/core';
import { checkMatrix } from '../matrix.ts';
import type { QuantizedMatrix } from '../symmetric.ts';

/** Inputs up to which kernels promise an exact sum; 16,384 · 127² is far below 2^31. */
export const INT8_INPUT_LIMIT = 16_384;

/** Y and the integers behind it. */
export interface Int8Product {
  /** i32[m × n], X_Q W_Q, exact. */
  readonly accumulator: Int32Array;
  /** f32[m × n]: f32(accumulator) · s_w · s_x, two f32 operations in this order. */
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** @throws {ShapeError} when the sizes or granularities do not fit, or there are too many inputs */
export function checkInt8(x: QuantizedMatrix, w: QuantizedMatrix): void {
  checkMatrix('int8Multiply', x.codes, x.rows, x.columns);
  checkMatrix('int8Multiply', w.codes, w.rows, w.columns);
  const fits =
    x.granularity === 'perRow' &&
    w.granularity === 'perColumn' &&
    x.columns === w.rows &&
    w.rows <= INT8_INPUT_LIMIT;
  if (fits) return;
  throw new ShapeError({
    op: 'int8Multiply',
    problem: 'operands that do not fit',
    expected: `X [m, k] per row and W [k, n] per column, k up to ${INT8_INPUT_LIMIT}`,
    received: `[${x.rows}, ${x.columns}] ${x.granularity} and [${w.rows}, ${w.columns}] ${w.granularity}`,
  });
}

/** The plain loop. */
export function int8MultiplyRef(x: QuantizedMatrix, w: QuantizedMatrix): Int8Product {
  checkInt8(x, w);
  const [m, k, n] = [x.rows, x.columns, w.columns];
  const accumulator = new Int32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const a = x.codes[i * k + p]!;
      for (let j = 0; j < n; j++) accumulator[i * n + j]! += a * w.codes[p * n + j]!;
    }
  }
  return dequantizeProduct(accumulator, x, w);
}

/** The epilogue. */
export function dequantizeProduct(
  accumulator: Int32Array,
  x: QuantizedMatrix,
  w: QuantizedMatrix,
): Int8Product {
  const [rows, columns] = [x.rows, w.columns];
  const data = new Float32Array(rows * columns);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      data[at] = Math.fround(Math.fround(accumulator[at]!) * w.scale[j]!) * x.scale[i]!;
    }
  }
  return { accumulator, data, rows, columns };
}

/** Partial sums of chunks, each an integer below 2^24 in f32, into exact integers. @param partial f32[chunks · m × n] */
export function addPartialProducts(partial: Float32Array, length: number): Int32Array {
  const accumulator = new Int32Array(length);
  for (let i = 0; i < partial.length; i++) {
    const value = partial[i]!;
    if (!Number.isInteger(value)) throw new InternalError(`an integer product gave ${value}`);
    accumulator[i % length]! += value;
  }
  return accumulator;
}
