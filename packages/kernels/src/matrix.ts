import { ShapeError } from '@bitcliff/core';

/** A row-major matrix, f32[rows × columns]. */
export interface Matrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Which elements of a matrix share one scale: those of a row, or those of a column. */
export type MatrixGranularity = 'perRow' | 'perColumn';

/** @throws {ShapeError} when the sizes are not positive integers whose product is the length of the data */
export function checkMatrix(op: string, data: { length: number }, rows: number, columns: number): void {
  if (!(Number.isSafeInteger(rows) && rows > 0 && Number.isSafeInteger(columns) && columns > 0)) {
    throw new ShapeError({
      op,
      problem: 'bad matrix size',
      expected: 'positive integers',
      received: `${rows} × ${columns}`,
    });
  }
  if (data.length !== rows * columns) {
    throw new ShapeError({
      op,
      problem: `data does not fill a ${rows} × ${columns} matrix`,
      expected: `${rows * columns} elements`,
      received: data.length,
    });
  }
}

/** Number of scales that a granularity needs. */
export function scaleCount(
  matrix: { rows: number; columns: number },
  granularity: MatrixGranularity,
): number {
  return granularity === 'perRow' ? matrix.rows : matrix.columns;
}
