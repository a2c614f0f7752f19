/** @file What calibration knows about the inputs of a linear layer, gathered chunk by chunk in bounded memory. */
import { ShapeError } from '@bitcliff/core';
import { type Matrix, multiplyAdd } from '@bitcliff/kernels';
import { transpose } from '../schemes/transpose.ts';

/** Statistics of the inputs X [tokens, in] of one linear layer, or of several that share their input. */
export interface InputStatistics {
  readonly tokens: number;
  /** f32[in], max over tokens of |x|. */
  readonly absMax: Float32Array;
  /** f32[in], mean over tokens of |x|. */
  readonly meanAbs: Float32Array;
  /** [in × in], sum over tokens of x xᵀ. Both triangles. */
  readonly gram: Float64Array | Float32Array;
}

/** Gathers statistics. */
export interface InputStatisticsCollector {
  /** Add inputs. @param x [tokens, in], finite @throws {ShapeError} on another width */
  add(x: Matrix): void;
  /** The statistics of all inputs so far. @throws {ShapeError} when there were none */
  finish(): InputStatistics;
}

/** Tokens whose products are summed in f32 before they go into the f64 sum. */
const CHUNK = 1024;
/** Rows of the Gram matrix in one product. */
const BLOCK = 256;

/**
 * @param width inputs of the layer
 * @param options.gram without it the Gram matrix stays empty, for methods that need none @default true
 * @example
 * const collector = collectInputStatistics(768);
 * for (const x of batches) collector.add(x);
 * const inputs = collector.finish();
 */
export function collectInputStatistics(
  width: number,
  options: { gram?: boolean } = {},
): InputStatisticsCollector {
  const absMax = new Float32Array(width);
  const sumAbs = new Float64Array(width);
  const gram = new Float64Array(options.gram === false ? 0 : width * width);
  let tokens = 0;

  // Xᵀ X is symmetric: blocks of rows up to their own diagonal
  const addProducts = (data: Float32Array, rows: number): void => {
    const xT = transpose(data, rows, width); // [in, tokens]
    for (let i = 0; i < width; i += BLOCK) {
      const m = Math.min(BLOCK, width - i);
      const n = i + m;
      const product = new Float32Array(m * n);
      multiplyAdd(
        { data: product, stride: n },
        { data: xT, offset: i * rows, stride: rows },
        { data, stride: width },
        { m, n, k: rows },
      );
      for (let r = 0, at = 0; r < m; r++) {
        for (let j = 0, to = (i + r) * width; j < n; j++, at++, to++) gram[to]! += product[at]!;
      }
    }
  };
  const mirror = (): void => {
    for (let i = 0; i < width && gram.length > 0; i++) {
      for (let j = 0; j < i; j++) gram[j * width + i] = gram[i * width + j]!;
    }
  };

  return {
    add({ data, rows, columns }) {
      if (columns !== width || data.length !== rows * columns) {
        throw new ShapeError({
          op: 'collectInputStatistics',
          problem: 'inputs of another width',
          expected: width,
          received: columns,
        });
      }
      for (let i = 0, j = 0; i < data.length; i++) {
        const size = Math.abs(data[i]!);
        if (size > absMax[j]!) absMax[j] = size;
        sumAbs[j]! += size;
        if (++j === width) j = 0;
      }
      tokens += rows;
      if (gram.length === 0) return;
      for (let t = 0; t < rows; t += CHUNK) {
        const count = Math.min(CHUNK, rows - t);
        addProducts(data.subarray(t * width, (t + count) * width), count);
      }
    },
    finish() {
      if (tokens === 0) {
        throw new ShapeError({
          op: 'collectInputStatistics',
          problem: 'no inputs were added',
          expected: 'at least one token',
          received: 0,
        });
      }
      mirror();
      return { tokens, absMax, meanAbs: Float32Array.from(sumAbs, (sum) => sum / tokens), gram };
    },
  };
}
