/** @file Plain references of Gram matrix, scaling, Walsh–Hadamard transform and nibbles. */
import { InvalidInputError, ShapeError } from '@bitcliff/core';
import { checkMatrix, type Matrix } from '../matrix.ts';

/** What is scaled, and how. */
export interface ScaleOptions {
  /** `rows`: factor r for row r (inputs of W [in, out]); `columns`: factor c for column c (inputs of X [tokens, in]). */
  readonly axis: 'rows' | 'columns';
  readonly operation: 'multiply' | 'divide';
}

/** Xᵀ X, sums in float64. @returns f32[width × width] */
export function gramMatrixRef({ data, rows, columns }: Matrix): Float32Array {
  checkMatrix('gramMatrix', data, rows, columns);
  const sums = new Float64Array(columns * columns);
  for (let t = 0; t < rows; t++) {
    for (let i = 0; i < columns; i++) {
      const x = data[t * columns + i]!;
      for (let j = 0; j < columns; j++) sums[i * columns + j]! += x * data[t * columns + j]!;
    }
  }
  return Float32Array.from(sums);
}

/** Rows or columns times, or divided by, a factor each; one f32 operation. */
export function scaleMatrixRef(matrix: Matrix, factors: Float32Array, options: ScaleOptions): Float32Array {
  checkFactors(matrix, factors, options);
  const { data, columns } = matrix;
  return data.map((x, i) => {
    const s = factors[options.axis === 'rows' ? Math.floor(i / columns) : i % columns]!;
    return options.operation === 'multiply' ? x * s : x / s;
  });
}

/** @throws {ShapeError} when there is not one factor for each row or column */
export function checkFactors(
  { data, rows, columns }: Matrix,
  factors: Float32Array,
  { axis }: ScaleOptions,
): void {
  checkMatrix('scaleMatrix', data, rows, columns);
  const expected = axis === 'rows' ? rows : columns;
  if (factors.length === expected) return;
  throw new ShapeError({
    op: 'scaleMatrix',
    problem: 'not one factor each',
    expected,
    received: factors.length,
  });
}

/** x H along rows in float64, without scaling. */
export function walshHadamardRef(matrix: Matrix): Float32Array {
  checkPowerOfTwo(matrix);
  const { data, columns } = matrix;
  const out = Float64Array.from(data);
  for (let half = 1; half < columns; half *= 2) {
    for (let i = 0; i < out.length; i++) {
      if (Math.floor(i / half) % 2 === 1) continue;
      const [a, b] = [out[i]!, out[i + half]!];
      out[i] = a + b;
      out[i + half] = a - b;
    }
  }
  return Float32Array.from(out);
}

/** @throws {ShapeError} when the columns are not a power of two */
export function checkPowerOfTwo({ data, rows, columns }: Matrix): void {
  checkMatrix('walshHadamard', data, rows, columns);
  if (Number.isInteger(Math.log2(columns))) return;
  const expected = 'a power of two columns';
  throw new ShapeError({ op: 'walshHadamard', problem: 'no such transform', expected, received: columns });
}

/** Two codes in a byte, the even one low. @param size columns even */
export function packNibblesRef(codes: Uint8Array, size: { rows: number; columns: number }): Uint8Array {
  checkNibbles('packNibbles', codes, size);
  return Uint8Array.from({ length: codes.length / 2 }, (_, i) => codes[2 * i]! + 16 * codes[2 * i + 1]!);
}

/** @throws {ShapeError} when a row has an odd number of codes @throws {InvalidInputError} on a code over 15 */
export function checkNibbles(
  op: string,
  codes: Uint8Array,
  { rows, columns }: { rows: number; columns: number },
): void {
  checkMatrix(op, codes, rows, columns);
  checkEven(op, columns);
  const bad = codes.find((code) => code > 15);
  if (bad === undefined) return;
  throw new InvalidInputError({
    op,
    problem: 'a code of more than 4 bits',
    expected: '0 to 15',
    received: bad,
  });
}

/** @throws {ShapeError} when the size is odd */
export function checkEven(op: string, columns: number): void {
  if (columns % 2 === 0) return;
  throw new ShapeError({
    op,
    problem: 'an odd number of codes in a row',
    expected: 'pairs',
    received: columns,
  });
}

/** @param size of the codes */
export function unpackNibblesRef(
  bytes: Uint8Array,
  { rows, columns }: { rows: number; columns: number },
): Uint8Array {
  checkEven('unpackNibbles', columns);
  checkMatrix('unpackNibbles', bytes, rows, columns / 2);
  return Uint8Array.from({ length: rows * columns }, (_, i) =>
    i % 2 === 0 ? bytes[i / 2]! & 15 : bytes[(i - 1) / 2]! >> 4,
  );
}
