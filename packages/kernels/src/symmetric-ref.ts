/** @file Plain typed-array references of the symmetric kernels: the oracle of their tests and the `reference` backend. */
import { roundHalfToEven } from '@bitcliff/core';
import { checkMatrix, type Matrix, type MatrixGranularity, scaleCount } from './matrix.ts';
import { type QuantizedMatrix, quantMax, type SymmetricOptions } from './symmetric.ts';

/**
 * Largest absolute value of each row or column.
 * @returns f32[rows] or f32[columns]; exact
 */
export function absmaxRef(matrix: Matrix, granularity: MatrixGranularity): Float32Array {
  const { data, rows, columns } = matrix;
  checkMatrix('absmax', data, rows, columns);
  const out = new Float32Array(scaleCount(matrix, granularity));
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, i++) {
      const k = granularity === 'perRow' ? r : c;
      out[k] = Math.max(out[k]!, Math.abs(data[i]!));
    }
  }
  return out;
}

/** Quantize a matrix; see `symmetric.ts` for the arithmetic. */
export function quantizeSymmetricRef(matrix: Matrix, options: SymmetricOptions): QuantizedMatrix {
  const { data, rows, columns } = matrix;
  const { bits, granularity } = options;
  const top = quantMax(bits);
  const scale = absmaxRef(matrix, granularity).map((max) => max / top); // rounded to f32 by the array
  const codes = new Int8Array(data.length);
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, i++) {
      const s = scale[granularity === 'perRow' ? r : c]!;
      if (s > 0) codes[i] = Math.max(-top, Math.min(top, roundHalfToEven(Math.fround(data[i]! / s))));
    }
  }
  return { codes, scale, rows, columns, granularity, bits };
}

/** Codes back to numbers: x̂ = q · s. @returns f32[rows × columns] */
export function dequantizeSymmetricRef(quantized: QuantizedMatrix): Float32Array {
  const { codes, scale, rows, columns, granularity } = quantized;
  checkMatrix('dequantize', codes, rows, columns);
  const out = new Float32Array(codes.length);
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, i++) out[i] = codes[i]! * scale[granularity === 'perRow' ? r : c]!;
  }
  return out;
}
