/** @file Plain typed-array code of the affine kernels: the oracle of their tests, the `reference` backend, and what methods call. */
import { ShapeError } from '@bitcliff/core';
import { checkMatrix, type Matrix } from '../matrix.ts';
import { chooseAffine, createAffineCoder, TO_EVEN } from './affine-grid.ts';
import type {
  AffineGranularity,
  AffineGridOptions,
  AffineMatrix,
  AffineOptions,
  AffineParameters,
} from './affine-scheme.ts';

/** Smallest and largest element of each group: f32[groups × columns] each. */
export interface GroupRanges {
  readonly min: Float32Array;
  readonly max: Float32Array;
  /** Rows of a group. */
  readonly groupSize: number;
}

/** Rows of a group. @throws {ShapeError} when `perGroup` has no positive size, or another granularity has one */
export function groupRows(
  op: string,
  rows: number,
  { granularity, groupSize }: { readonly granularity: AffineGranularity; readonly groupSize?: number },
): number {
  if (granularity === 'perGroup') {
    if (groupSize === undefined || !Number.isSafeInteger(groupSize) || groupSize < 1) {
      const received = String(groupSize);
      throw new ShapeError({ op, problem: 'bad group size', expected: 'a positive integer', received });
    }
    return Math.min(groupSize, rows);
  }
  return granularity === 'perRow' ? 1 : rows;
}

/**
 * Smallest and largest element of each group; exact. `perTensor` and `perRow` repeat their range for every column.
 * @throws {ShapeError} when the data does not fill the matrix, or the group size is bad
 */
export function groupRangesRef(
  matrix: Matrix,
  options: Pick<AffineOptions, 'granularity' | 'groupSize'>,
): GroupRanges {
  const { data, rows, columns } = matrix;
  checkMatrix('groupRanges', data, rows, columns);
  const groupSize = groupRows('groupRanges', rows, options);
  const count = Math.ceil(rows / groupSize) * columns;
  const min = new Float32Array(count).fill(Infinity);
  const max = new Float32Array(count).fill(-Infinity);
  for (let r = 0, i = 0; r < rows; r++) {
    const first = Math.floor(r / groupSize) * columns;
    for (let g = first; g < first + columns; g++, i++) {
      const x = data[i]!;
      if (x < min[g]!) min[g] = x;
      if (x > max[g]!) max[g] = x;
    }
  }
  return spreadRanges({ min, max, groupSize }, columns, options.granularity);
}

/** `perTensor` and `perRow`: the range over all columns, repeated for each. */
export function spreadRanges(
  ranges: GroupRanges,
  columns: number,
  granularity: AffineGranularity,
): GroupRanges {
  if (granularity !== 'perTensor' && granularity !== 'perRow') return ranges;
  const { min, max } = ranges;
  for (let start = 0; start < min.length; start += columns) {
    min.fill(extreme(min.subarray(start, start + columns), Math.min), start, start + columns);
    max.fill(extreme(max.subarray(start, start + columns), Math.max), start, start + columns);
  }
  return ranges;
}

function extreme(values: Float32Array, pick: (a: number, b: number) => number): number {
  return values.reduce((a, b) => pick(a, b));
}

/**
 * Codes of a matrix for given scales and zero points.
 * @returns u8[rows × columns]
 */
export function encodeAffineRef(
  matrix: Matrix,
  parameters: AffineParameters,
  options: AffineGridOptions,
  out: Uint8Array = new Uint8Array(matrix.data.length),
): Uint8Array {
  const { data, rows, columns } = matrix;
  const { scale, zeroPoint, groupSize } = parameters;
  const { codeOf, minCode, maxCode, plain } = createAffineCoder(options);
  for (let r = 0, i = 0; r < rows; r++) {
    const first = Math.floor(r / groupSize) * columns;
    const end = first + columns;
    if (plain) {
      // the same as codeOf, written out: searches spend their time here
      for (let g = first; g < end; g++, i++) {
        const s = scale[g]!;
        const q = (s === 0 ? 0 : Math.fround(data[i]! / s) + TO_EVEN - TO_EVEN) + zeroPoint[g]!;
        out[i] = Math.max(minCode, Math.min(maxCode, q));
      }
    } else {
      for (let g = first; g < end; g++, i++) out[i] = codeOf(data[i]!, scale[g]!, zeroPoint[g]!);
    }
  }
  return out;
}

/**
 * Quantize a matrix.
 * @throws {ShapeError} when the data does not fill the matrix, or the group size is bad
 * @throws {InvalidInputError} on a bad bit width
 * @example
 * quantizeAffineRef({ data, rows: 768, columns: 3072 }, { bits: 4, symmetric: false, grid: 'awq', granularity: 'perGroup', groupSize: 128 });
 */
export function quantizeAffineRef(matrix: Matrix, options: AffineOptions): AffineMatrix {
  const { min, max, groupSize } = groupRangesRef(matrix, options);
  const parameters = { ...chooseAffine(min, max, options), groupSize };
  const { rows, columns } = matrix;
  const { bits, symmetric } = options;
  return {
    ...parameters,
    codes: encodeAffineRef(matrix, parameters, options),
    rows,
    columns,
    bits,
    symmetric,
  };
}

/** Codes back to numbers: x̂ = (q − zeroPoint) · scale, two f32 operations. @returns f32[rows × columns] */
export function dequantizeAffineRef(
  matrix: AffineMatrix,
  out: Float32Array = new Float32Array(matrix.codes.length),
): Float32Array {
  const { codes, rows, columns, scale, zeroPoint, groupSize, groupIndex } = matrix;
  checkMatrix('dequantizeAffine', codes, rows, columns);
  for (let r = 0, i = 0; r < rows; r++) {
    const first = (groupIndex?.[r] ?? Math.floor(r / groupSize)) * columns;
    for (let g = first; g < first + columns; g++, i++) {
      out[i] = Math.fround(codes[i]! - zeroPoint[g]!) * scale[g]!;
    }
  }
  return out;
}
