/** @file Randomized Hadamard rotations (QuaRot, arXiv 2404.00456) of vectors and of the weights around them, in float64. */
import { createRng, ShapeError } from '@bitcliff/core';
import type { Matrix } from '@bitcliff/kernels';
import { type HadamardOrder, hadamardOrder } from './hadamard-matrix.ts';

/** An orthogonal matrix Q = H · diag(±1) / √n; row vectors x become x Q. */
export interface Rotation {
  readonly size: number;
  /** x Q for each row. @param rows f64[count × size], changed in place */
  apply(rows: Float64Array): Float64Array;
  /** x Qᵀ for each row. @param rows f64[count × size], changed in place */
  applyTransposed(rows: Float64Array): Float64Array;
}

/**
 * @param size order of the rotation  @param seed of the signs; `null` leaves them out: the plain Hadamard matrix / √n
 * @throws {UnsupportedError} when no Hadamard matrix of that order is known here
 * @example
 * const rotation = createRotation(768, 0);
 * const rotated = rotateInputs(wq, rotation); // for inputs that are rotated: (x Q)(Qᵀ W) = x W
 */
export function createRotation(size: number, seed: number | null): Rotation {
  const order = hadamardOrder(size);
  const signs = new Int8Array(size).fill(1);
  if (seed !== null) {
    const rng = createRng(seed);
    for (let i = 0; i < size; i++) signs[i] = rng.int(2) === 0 ? 1 : -1;
  }
  const scale = 1 / Math.sqrt(size);
  const multiplySigns = (rows: Float64Array): Float64Array => {
    for (let i = 0; i < rows.length; i++) rows[i]! *= signs[i % size]! * scale;
    return rows;
  };
  return {
    size,
    apply(rows) {
      checkRows(rows, size);
      walshHadamard(rows, order, false);
      return multiplySigns(rows);
    },
    applyTransposed(rows) {
      checkRows(rows, size);
      return walshHadamard(multiplySigns(rows), order, true);
    },
  };
}

/**
 * x H for each row, in place, without scaling: n log n for powers of two (fast Walsh–Hadamard transform).
 * @param rows f64[count × size]
 * @throws {UnsupportedError} when no Hadamard matrix of that order is known here
 */
export function fastWalshHadamard(rows: Float64Array, size: number): Float64Array {
  checkRows(rows, size);
  return walshHadamard(rows, hadamardOrder(size), false);
}

/** H = H_base ⊗ H_2 ⊗ … ⊗ H_2. */
function walshHadamard(
  rows: Float64Array,
  { size, base, matrix }: HadamardOrder,
  transposed: boolean,
): Float64Array {
  const run = size / base;
  const mixed = new Float64Array(base);
  for (let start = 0; start < rows.length; start += size) {
    for (let half = 1; half < run; half *= 2) {
      for (let block = start; block < start + size; block += 2 * half) {
        for (let i = block; i < block + half; i++) {
          const [a, b] = [rows[i]!, rows[i + half]!];
          rows[i] = a + b;
          rows[i + half] = a - b;
        }
      }
    }
    if (base === 1) continue;
    for (let i = start; i < start + run; i++) {
      for (let c = 0; c < base; c++) {
        let sum = 0;
        for (let r = 0; r < base; r++)
          sum += rows[i + r * run]! * matrix[transposed ? c * base + r : r * base + c]!;
        mixed[c] = sum;
      }
      for (let c = 0; c < base; c++) rows[i + c * run] = mixed[c]!;
    }
  }
  return rows;
}

/** Qᵀ W: the weights that give x W from rotated inputs x Q. @param weight W [in, out], in = the rotation's size */
export function rotateInputs({ data, rows, columns }: Matrix, rotation: Rotation): Matrix {
  const columnsAsRows = new Float64Array(data.length); // Wᵀ; (Qᵀ W)ᵀ = Wᵀ Q
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) columnsAsRows[c * rows + r] = data[r * columns + c]!;
  checkSize(rows, rotation.size);
  rotation.apply(columnsAsRows);
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[r * columns + c] = columnsAsRows[c * rows + r]!;
  return { data: out, rows, columns };
}

/** W Q: the weights whose outputs are rotated. Of a bias, or of an embedding's rows, too. @param weight W [in, out], out = the rotation's size */
export function rotateOutputs({ data, rows, columns }: Matrix, rotation: Rotation): Matrix {
  checkSize(columns, rotation.size);
  return { data: Float32Array.from(rotation.apply(Float64Array.from(data))), rows, columns };
}

/**
 * diag(gain) W: a norm's gain folded into the layer after it, so that the norm commutes with a rotation.
 * @param gain f32[in]
 */
export function foldGain({ data, rows, columns }: Matrix, gain: Float32Array): Matrix {
  checkSize(gain.length, rows);
  return { data: data.map((x, i) => x * gain[Math.floor(i / columns)]!), rows, columns };
}

/** Every row less its mean: with it, a LayerNorm of the outputs is an RMSNorm. @param weight W [in, out], or a bias as one row */
export function centerOutputs({ data, rows, columns }: Matrix): Matrix {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) {
    let mean = 0;
    for (let c = 0; c < columns; c++) mean += data[r * columns + c]! / columns;
    for (let c = 0; c < columns; c++) out[r * columns + c] = data[r * columns + c]! - mean;
  }
  return { data: out, rows, columns };
}

function checkRows(rows: Float64Array, size: number): void {
  if (rows.length % size !== 0) checkSize(rows.length, size);
}

function checkSize(received: number, expected: number): void {
  if (received === expected) return;
  throw new ShapeError({ op: 'rotation', problem: 'another size than the rotation', expected, received });
}
