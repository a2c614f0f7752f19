/** @file Plain float64 references of the statistics kernels. */
import { createRng, InvalidInputError, ShapeError } from '@bitcliff/core';
import { checkMatrix, type Matrix } from '../matrix.ts';
import type { ErrorSums } from './error-measures.ts';

/** Bins of equal width. */
export interface HistogramOptions {
  readonly min: number;
  readonly max: number;
  /** At most 65,536. */
  readonly bins: number;
}

/** When power iteration ends. */
export interface SpectralOptions {
  /** Relative change of the value below which it has converged. @default 1e-7 */
  readonly tolerance?: number;
  /** Steps at most. @default 1000 */
  readonly iterations?: number;
}

/** Σ a², Σ b², Σ (a − b)². */
export function errorSumsRef(a: Matrix, b: Matrix): ErrorSums {
  checkPair('errorSums', a, b);
  let [original, quantized, difference] = [0, 0, 0];
  for (let i = 0; i < a.data.length; i++) {
    const [x, y] = [a.data[i]!, b.data[i]!];
    original += x * x;
    quantized += y * y;
    difference += (x - y) ** 2;
  }
  return { original, quantized, difference };
}

/** @throws {ShapeError} when two matrices differ in size */
export function checkPair(op: string, a: Matrix, b: Matrix): void {
  checkMatrix(op, a.data, a.rows, a.columns);
  checkMatrix(op, b.data, b.rows, b.columns);
  if (a.rows === b.rows && a.columns === b.columns) return;
  const [expected, received] = [a, b].map(({ rows, columns }) => `${rows} × ${columns}`);
  throw new ShapeError({ op, problem: 'matrices of two sizes', expected: expected!, received: received! });
}

/** Standard deviation of each row, over all its columns (not over columns − 1). */
export function rowDeviationRef({ data, rows, columns }: Matrix): Float32Array {
  checkMatrix('rowDeviation', data, rows, columns);
  return Float32Array.from({ length: rows }, (_, r) => {
    const row = data.subarray(r * columns, (r + 1) * columns);
    const mean = row.reduce((sum, x) => sum + x, 0) / columns;
    return Math.sqrt(row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / columns);
  });
}

/** Entries of each column with |x| ≥ threshold. */
export function outlierCountsRef({ data, rows, columns }: Matrix, threshold: number): Uint32Array {
  checkMatrix('outlierCounts', data, rows, columns);
  const counts = new Uint32Array(columns);
  const limit = Math.fround(threshold);
  for (let i = 0; i < data.length; i++) if (Math.abs(data[i]!) >= limit) counts[i % columns]!++;
  return counts;
}

/** Edges of the bins, in f32. @throws {InvalidInputError} when they do not ascend, or there are too few or too many */
export function histogramEdges({ min, max, bins }: HistogramOptions): Float32Array {
  const edges = Float32Array.from(
    { length: Number.isSafeInteger(bins) && bins > 0 && bins <= 65_536 ? bins + 1 : 0 },
    (_, i) => (i === bins ? max : min + (i * (max - min)) / bins),
  );
  const ascends = edges.length > 0 && edges.every((edge, i) => i === 0 || edge > edges[i - 1]!);
  if (ascends) return edges;
  throw new InvalidInputError({
    op: 'histogram',
    problem: 'bad bins',
    expected: '1 to 65536 bins whose edges ascend in f32',
    received: `${bins} from ${min} to ${max}`,
  });
}

/** Entries v with edge_i ≤ v < edge_i+1 of each bin i; the last bin holds its upper edge too. */
export function histogramRef({ data, rows, columns }: Matrix, options: HistogramOptions): Uint32Array {
  checkMatrix('histogram', data, rows, columns);
  const edges = histogramEdges(options);
  const { bins } = options;
  const counts = new Uint32Array(bins);
  for (const v of data) {
    if (!(v >= edges[0]! && v <= edges[bins]!)) continue;
    let [low, high] = [0, bins];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (v >= edges[middle]!) low = middle;
      else high = middle;
    }
    counts[low]!++;
  }
  return counts;
}

/** W v and Wᵀ u, however they are computed. */
export interface MatrixVectorProducts {
  times(v: Float32Array): Promise<Float32Array> | Float32Array;
  transposedTimes(u: Float32Array): Promise<Float32Array> | Float32Array;
}

/** Power iteration on Wᵀ W from a fixed random start; vectors in f32, norms in float64. */
export async function powerIteration(
  columns: number,
  products: MatrixVectorProducts,
  { tolerance = 1e-7, iterations = 1000 }: SpectralOptions,
): Promise<number> {
  const rng = createRng(0);
  let v = normalized(Float32Array.from({ length: columns }, () => rng.normal()));
  let value = 0;
  for (let i = 0; i < iterations; i++) {
    const u = await products.times(v);
    const next = norm(u);
    if (next === 0) return 0;
    if (Math.abs(next - value) <= tolerance * next) return next;
    value = next;
    v = normalized(await products.transposedTimes(u));
  }
  return value;
}

/** Largest singular value of a matrix. */
export async function spectralNormRef(matrix: Matrix, options: SpectralOptions = {}): Promise<number> {
  const { data, rows, columns } = matrix;
  checkMatrix('spectralNorm', data, rows, columns);
  return powerIteration(
    columns,
    {
      times: (v) =>
        Float32Array.from({ length: rows }, (_, r) => {
          let sum = 0;
          for (let c = 0; c < columns; c++) sum += data[r * columns + c]! * v[c]!;
          return sum;
        }),
      transposedTimes: (u) => {
        const out = new Float64Array(columns);
        for (let r = 0, i = 0; r < rows; r++)
          for (let c = 0; c < columns; c++, i++) out[c]! += data[i]! * u[r]!;
        return Float32Array.from(out);
      },
    },
    options,
  );
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
}

function normalized(values: Float32Array): Float32Array {
  const length = norm(values);
  return length === 0 ? values : values.map((x) => x / length);
}
