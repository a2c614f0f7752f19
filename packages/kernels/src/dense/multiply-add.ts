import { ShapeError } from '@bitcliff/core';
import { BLOCK_K, BLOCK_M, createProductKernel, type ProductKernel } from './product-kernel.ts';

/** A rectangle inside a row-major matrix. */
export interface Block<T extends Float32Array | Float64Array> {
  readonly data: T;
  /** Element of its upper left corner. @default 0 */
  readonly offset?: number;
  /** Elements from one row to the next. */
  readonly stride: number;
}

/** Sizes of a product. */
export interface ProductSize {
  /** Rows of A and C. */
  readonly m: number;
  /** Columns of B and C. */
  readonly n: number;
  /** Columns of A, rows of B. */
  readonly k: number;
}

let kernelF32: ProductKernel<Float32Array> | undefined;
let kernelF64: ProductKernel<Float64Array> | undefined;

/** The kernel of an element type, assembled at the first call. */
function kernelFor<T extends Float32Array | Float64Array>(data: T): ProductKernel<T> {
  if (data instanceof Float32Array) {
    kernelF32 ??= createProductKernel('F32');
    return kernelF32 as ProductKernel<Float32Array | Float64Array> as ProductKernel<T>;
  }
  kernelF64 ??= createProductKernel('F64');
  return kernelF64 as ProductKernel<Float32Array | Float64Array> as ProductKernel<T>;
}

/**
 * C += A · B or C −= A · B, all three of f32 or all of f64. Every product and every sum is one rounded operation of that type,
 * k ascending: equal to the plain triple loop to the bit. About ten times its speed.
 * @param c [m, n], updated  @param a [m, k]  @param b [k, n]; `c` must not overlap `a` or `b`
 * @throws {ShapeError} when a rectangle leaves its array
 * @throws {UnsupportedError} where WebAssembly with vector instructions is missing
 * @example
 * multiplyAdd({ data: c, stride: n }, { data: a, stride: k }, { data: b, stride: n }, { m, n, k });
 */
export function multiplyAdd<T extends Float32Array | Float64Array>(
  c: Block<T>,
  a: Block<T>,
  b: Block<T>,
  { m, n, k }: ProductSize,
  sign: 1 | -1 = 1,
): void {
  checkBlock('C', c, m, n);
  checkBlock('A', a, m, k);
  checkBlock('B', b, k, n);
  if (m === 0 || n === 0 || k === 0) return;
  const kernel = kernelFor(c.data);
  const { blockN, strideA, strideB } = kernel;
  for (let j = 0; j < n; j += blockN) {
    const width = Math.min(blockN, n - j);
    for (let i = 0; i < m; i += BLOCK_M) {
      const height = Math.min(BLOCK_M, m - i);
      copyIn(kernel.c, strideB, c, i, j, height, width);
      for (let p = 0; p < k; p += BLOCK_K) {
        const depth = Math.min(BLOCK_K, k - p);
        copyIn(kernel.a, strideA, a, i, p, height, depth);
        if (sign === -1) negate(kernel.a, height * strideA);
        copyIn(kernel.b, strideB, b, p, j, depth, width);
        kernel.run(height, width, depth);
      }
      for (let r = 0; r < height; r++) {
        const from = r * strideB;
        c.data.set(kernel.c.subarray(from, from + width), (c.offset ?? 0) + (i + r) * c.stride + j);
      }
    }
  }
}

function copyIn<T extends Float32Array | Float64Array>(
  out: T,
  outStride: number,
  { data, offset = 0, stride }: Block<T>,
  row: number,
  column: number,
  height: number,
  width: number,
): void {
  for (let r = 0; r < height; r++) {
    const from = offset + (row + r) * stride + column;
    out.set(data.subarray(from, from + width), r * outStride);
  }
}

function negate(values: Float32Array | Float64Array, count: number): void {
  for (let i = 0; i < count; i++) values[i] = -values[i]!;
}

function checkBlock(
  name: string,
  { data, offset = 0, stride }: Block<Float32Array | Float64Array>,
  rows: number,
  columns: number,
): void {
  const sizes = [offset, stride, rows, columns];
  const end = rows === 0 ? 0 : offset + (rows - 1) * stride + columns;
  if (
    sizes.every((size) => Number.isSafeInteger(size) && size >= 0) &&
    columns <= stride &&
    end <= data.length
  )
    return;
  throw new ShapeError({
    op: 'multiplyAdd',
    problem: `the ${rows} × ${columns} rectangle of ${name} leaves its array`,
    expected: `${end} elements`,
    received: data.length,
    where: `offset ${offset}, stride ${stride}`,
  });
}
