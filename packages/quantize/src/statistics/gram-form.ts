/**
 * @file Output errors from the Gram matrix. For inputs X [T, in], G = Xᵀ X and a change D [in, out] of the weights, the outputs change
 * by X D, and Σ (X D)² over tokens is, for output j, d_jᵀ G d_j. Calibration needs no more than G, whatever the number of tokens.
 */
import { multiplyAdd } from '@bitcliff/kernels';

/** Inputs whose rows of G are taken at once. */
const BLOCK = 128;

/** A quadratic form. */
export interface GramForm {
  /** Inputs. */
  readonly size: number;
  /**
   * d_jᵀ G d_j for every column. Products in f32, sums over inputs in f64.
   * @param d f32[size × columns]  @returns f64[columns]
   */
  perColumn(d: Float32Array, columns: number): Float64Array;
  /** The sum over columns, tr(Dᵀ G D). */
  total(d: Float32Array, columns: number): number;
}

/**
 * @param gram [stride × …], symmetric  @param size inputs from `start` on  @param stride columns of `gram`
 * @param scale f32[size]: the form of G_ij / (scale_i scale_j), the inputs divided by it
 */
export function createGramForm(
  gram: Float64Array | Float32Array,
  size: number,
  { start = 0, stride = size, scale }: { start?: number; stride?: number; scale?: Float32Array } = {},
): GramForm {
  // G is symmetric: below the diagonal blocks twice, above them not at all
  const lower = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    const blockStart = i - (i % BLOCK);
    const end = Math.min(size, blockStart + BLOCK);
    for (let j = 0; j < end; j++) {
      const value = gram[(start + i) * stride + start + j]! * (j < blockStart ? 2 : 1);
      lower[i * size + j] = scale === undefined ? value : value / (scale[i]! * scale[j]!);
    }
  }
  const perColumn = (d: Float32Array, columns: number): Float64Array => {
    const sums = new Float64Array(columns);
    for (let i = 0; i < size; i += BLOCK) {
      const m = Math.min(BLOCK, size - i);
      const y = new Float32Array(m * columns); // G_i,: D
      multiplyAdd(
        { data: y, stride: columns },
        { data: lower, offset: i * size, stride: size },
        { data: d, stride: columns },
        { m, n: columns, k: i + m },
      );
      for (let r = 0, at = 0; r < m; r++) {
        const from = (i + r) * columns;
        for (let j = 0; j < columns; j++, at++) sums[j]! += d[from + j]! * y[at]!;
      }
    }
    return sums;
  };
  return { size, perColumn, total: (d, columns) => perColumn(d, columns).reduce((a, b) => a + b, 0) };
}
