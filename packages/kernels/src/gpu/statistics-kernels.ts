/** @file Statistics as gpu.js functions: one thread per row and sum, in chunks of columns; the host adds rows in float64. */
import type { IKernelFunctionThis } from 'gpu.js';
import type { KernelFactory } from './gpu-runner.ts';

/** Terms of a partial sum. */
const CHUNK = 256;

const chunked = (length: number) => ({ chunk: CHUNK, chunks: Math.ceil(length / CHUNK), length });
interface Chunked {
  chunk: number;
  chunks: number;
  length: number;
}

/** Σ a², Σ b², Σ (a − b)² of each row. Arguments: a, b [rows][columns]. Output: f32[rows][3]. */
export function errorSumsKernel(rows: number, columns: number): KernelFactory {
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (
        this: IKernelFunctionThis<Chunked & { [name: string]: number }>,
        a: number[][],
        b: number[][],
      ) {
        let total = 0;
        for (let c = 0; c < this.constants.chunks; c++) {
          let sum = 0;
          const start = c * this.constants.chunk;
          for (let i = 0; i < this.constants.chunk; i++) {
            if (start + i < this.constants.length) {
              let v = a[this.thread.y]![start + i]!;
              if (this.thread.x === 1) {
                v = b[this.thread.y]![start + i]!;
              } else if (this.thread.x === 2) {
                v = v - b[this.thread.y]![start + i]!;
              }
              sum += v * v;
            }
          }
          total += sum;
        }
        return total;
      },
      { output: [3, rows], constants: chunked(columns), asyncMode },
    );
}

/** Sum of each row. Arguments: x [rows][columns]. Output: f32[rows]. */
export function rowSumsKernel(rows: number, columns: number): KernelFactory {
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (this: IKernelFunctionThis<Chunked & { [name: string]: number }>, x: number[][]) {
        let total = 0;
        for (let c = 0; c < this.constants.chunks; c++) {
          let sum = 0;
          const start = c * this.constants.chunk;
          for (let i = 0; i < this.constants.chunk; i++) {
            if (start + i < this.constants.length) {
              sum += x[this.thread.x]![start + i]!;
            }
          }
          total += sum;
        }
        return total;
      },
      { output: [rows], constants: chunked(columns), asyncMode },
    );
}

/** Σ (x − mean)² of each row. Arguments: x [rows][columns], mean [rows]. Output: f32[rows]. */
export function rowDeviationKernel(rows: number, columns: number): KernelFactory {
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (
        this: IKernelFunctionThis<Chunked & { [name: string]: number }>,
        x: number[][],
        mean: number[],
      ) {
        const m = mean[this.thread.x]!;
        let total = 0;
        for (let c = 0; c < this.constants.chunks; c++) {
          let sum = 0;
          const start = c * this.constants.chunk;
          for (let i = 0; i < this.constants.chunk; i++) {
            if (start + i < this.constants.length) {
              const d = x[this.thread.x]![start + i]! - m;
              sum += d * d;
            }
          }
          total += sum;
        }
        return total;
      },
      { output: [rows], constants: chunked(columns), asyncMode },
    );
}

/** Entries of each column with |x| ≥ threshold. Arguments: x [rows][columns], threshold. Output: f32[columns] of integers. */
export function outlierCountsKernel(rows: number, columns: number): KernelFactory {
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (this: IKernelFunctionThis<{ rows: number }>, x: number[][], threshold: number) {
        let count = 0;
        for (let i = 0; i < this.constants.rows; i++) {
          if (Math.abs(x[i]![this.thread.x]!) >= threshold) {
            count += 1;
          }
        }
        return count;
      },
      { output: [columns], constants: { rows }, asyncMode },
    );
}

/** Entries of each row in each bin of edges. Arguments: x [rows][columns], edges [bins + 1]. Output: f32[rows][bins] of integers. */
export function histogramKernel(rows: number, columns: number, bins: number): KernelFactory {
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (
        this: IKernelFunctionThis<{ columns: number; last: number }>,
        x: number[][],
        edges: number[],
      ) {
        const low = edges[this.thread.x]!;
        const high = edges[this.thread.x + 1]!;
        let count = 0;
        for (let i = 0; i < this.constants.columns; i++) {
          const v = x[this.thread.y]![i]!;
          if (v >= low && v < high) {
            count += 1;
          } else if (v === high && this.thread.x === this.constants.last) {
            count += 1;
          }
        }
        return count;
      },
      { output: [bins, rows], constants: { columns, last: bins - 1 }, asyncMode },
    );
}

/** W v for each row. Arguments: w [rows][columns], v [columns]. Output: f32[rows]. */
export function timesVectorKernel(rows: number, columns: number): KernelFactory {
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (this: IKernelFunctionThis<Chunked & { [name: string]: number }>, w: number[][], v: number[]) {
        let total = 0;
        for (let c = 0; c < this.constants.chunks; c++) {
          let sum = 0;
          const start = c * this.constants.chunk;
          for (let i = 0; i < this.constants.chunk; i++) {
            if (start + i < this.constants.length) {
              sum += w[this.thread.x]![start + i]! * v[start + i]!;
            }
          }
          total += sum;
        }
        return total;
      },
      { output: [rows], constants: chunked(columns), asyncMode },
    );
}

/** Wᵀ u for each column. Arguments: w [rows][columns], u [rows]. Output: f32[columns]. */
export function transposedTimesVectorKernel(rows: number, columns: number): KernelFactory {
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (this: IKernelFunctionThis<Chunked & { [name: string]: number }>, w: number[][], u: number[]) {
        let total = 0;
        for (let c = 0; c < this.constants.chunks; c++) {
          let sum = 0;
          const start = c * this.constants.chunk;
          for (let i = 0; i < this.constants.chunk; i++) {
            if (start + i < this.constants.length) {
              sum += w[start + i]![this.thread.x]! * u[start + i]!;
            }
          }
          total += sum;
        }
        return total;
      },
      { output: [columns], constants: chunked(rows), asyncMode },
    );
}
