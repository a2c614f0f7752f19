import { DTYPES, type DType, type TypedArrayOf } from './dtype.ts';
import { ShapeError } from './errors.ts';

/**
 * A dense array with a dtype and a shape, row-major (the last axis is contiguous).
 * @example
 * const w = new Tensor('F32', [2, 3], new Float32Array(6)); // [2 rows, 3 columns]
 */
export class Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: TypedArrayOf<D>;

  /**
   * @param dtype element type
   * @param shape non-negative integers; `[]` is a scalar of one element
   * @param data as many elements as the shape says, in the array type of the dtype (see {@link DTYPES})
   * @throws {ShapeError} when the length or the array type does not fit
   */
  constructor(dtype: D, shape: readonly number[], data: TypedArrayOf<D>) {
    const expected = elementCount(shape);
    if (data.length !== expected) {
      throw new ShapeError({
        op: 'Tensor',
        problem: `data does not fill shape [${shape.join(', ')}]`,
        expected: `${expected} elements`,
        received: data.length,
      });
    }
    if (!(data instanceof DTYPES[dtype].array)) {
      throw new ShapeError({
        op: 'Tensor',
        problem: `wrong array type for ${dtype}`,
        expected: DTYPES[dtype].array.name,
        received: (data as object).constructor.name,
      });
    }
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
  }
}

/**
 * Number of elements of a shape.
 * @param shape non-negative integers; the product must stay at or below 2^53 − 1
 * @throws {ShapeError} on a negative or fractional size, or when the product overflows
 */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new ShapeError({
        op: 'elementCount',
        problem: 'bad size',
        expected: 'a non-negative integer',
        received: size,
      });
    }
    count *= size;
  }
  // a product of integers that left the safe range never comes back below it, save through a zero
  if (!Number.isSafeInteger(count)) {
    throw new ShapeError({
      op: 'elementCount',
      problem: `shape [${shape.join(', ')}] overflows`,
      expected: 'at most 2^53 - 1 elements',
      received: count,
    });
  }
  return count;
}
