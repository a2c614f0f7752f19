/**
 * @file Products and scalings as gpu.js functions, one thread per output cell. Sums run in chunks: within one they are sequential in f32, so
 * that their error does not grow with the whole length.
 */
import type { IConstantsThis, IKernelFunctionThis } from 'gpu.js';
import type { KernelFactory } from './gpu-runner.ts';

/** Terms of a partial sum. 1024 products of int8 codes stay below 2^24, where f32 holds every integer. */
export const SUM_CHUNK = 1024;

interface ChunkConstants extends IConstantsThis {
  chunk: number;
  chunks: number;
  length: number;
}

/**
 * Partial sums of A · B over chunks of k. Arguments: a [m][k], b [k][n]. Output: f32[chunks · m][n]; chunk c of row i is row c · m + i.
 */
export function partialProductsKernel(m: number, n: number, k: number): KernelFactory {
  const chunks = Math.ceil(k / SUM_CHUNK);
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (
        this: IKernelFunctionThis<{ chunk: number; length: number; m: number }>,
        a: number[][],
        b: number[][],
      ) {
        const part = Math.floor((this.thread.y + 0.5) / this.constants.m);
        const row = this.thread.y - part * this.constants.m;
        const start = part * this.constants.chunk;
        let sum = 0;
        for (let i = 0; i < this.constants.chunk; i++) {
          if (start + i < this.constants.length) {
            sum += a[row]![start + i]! * b[start + i]![this.thread.x]!;
          }
        }
        return sum;
      },
      { output: [n, chunks * m], constants: { chunk: SUM_CHUNK, length: k, m }, asyncMode },
    );
}

/** Xᵀ X. Arguments: x [tokens][width]. Output: f32[width][width]. */
export function gramKernel(tokens: number, width: number): KernelFactory {
  const constants = { chunk: 256, chunks: Math.ceil(tokens / 256), length: tokens };
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (this: IKernelFunctionThis<ChunkConstants>, x: number[][]) {
        let total = 0;
        for (let c = 0; c < this.constants.chunks; c++) {
          let sum = 0;
          const start = c * this.constants.chunk;
          for (let i = 0; i < this.constants.chunk; i++) {
            if (start + i < this.constants.length) {
              sum += x[start + i]![this.thread.y]! * x[start + i]![this.thread.x]!;
            }
          }
          total += sum;
        }
        return total;
      },
      { output: [width, width], constants, asyncMode },
    );
}

/** d ∘ (G d), whose column sums are the quadratic forms of G. Arguments: d [size][columns], g [size][size]. Output: f32[size][columns]. */
export function gramFormKernel(size: number, columns: number): KernelFactory {
  const constants = { chunk: 256, chunks: Math.ceil(size / 256), length: size };
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (this: IKernelFunctionThis<ChunkConstants>, d: number[][], g: number[][]) {
        let total = 0;
        for (let c = 0; c < this.constants.chunks; c++) {
          let sum = 0;
          const start = c * this.constants.chunk;
          for (let i = 0; i < this.constants.chunk; i++) {
            if (start + i < this.constants.length) {
              sum += g[this.thread.y]![start + i]! * d[start + i]![this.thread.x]!;
            }
          }
          total += sum;
        }
        return total * d[this.thread.y]![this.thread.x]!;
      },
      { output: [columns, size], constants, asyncMode },
    );
}

/** Each row or column times, or divided by, its factor. Arguments: x [rows][columns], factors. Output: f32[rows][columns]. */
export function scaleKernel(
  rows: number,
  columns: number,
  options: { perRow: boolean; divide: boolean },
): KernelFactory {
  const constants = { perRow: Number(options.perRow), divide: Number(options.divide) };
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (
        this: IKernelFunctionThis<{ perRow: number; divide: number }>,
        x: number[][],
        factors: number[],
      ) {
        const s =
          factors[this.thread.y * this.constants.perRow + this.thread.x * (1 - this.constants.perRow)]!;
        if (this.constants.divide === 1) {
          return x[this.thread.y]![this.thread.x]! / s;
        }
        return x[this.thread.y]![this.thread.x]! * s;
      },
      { output: [columns, rows], constants, asyncMode },
    );
}

/** One step of the fast Walsh–Hadamard transform along rows. Arguments: x [rows][size], half. Output: f32[rows][size]. */
export function walshHadamardKernel(rows: number, size: number): KernelFactory {
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (this: IKernelFunctionThis, x: number[][], half: number) {
        const block = Math.floor((this.thread.x + 0.5) / half);
        if (block - 2 * Math.floor(block / 2) === 0) {
          return x[this.thread.y]![this.thread.x]! + x[this.thread.y]![this.thread.x + half]!;
        }
        return x[this.thread.y]![this.thread.x - half]! - x[this.thread.y]![this.thread.x]!;
      },
      { output: [size, rows], asyncMode },
    );
}

/** Two codes of 4 bits in a byte, the even one low. Arguments: codes [rows][columns]. Output: f32[rows][columns / 2]. */
export function packNibblesKernel(rows: number, columns: number): KernelFactory {
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (this: IKernelFunctionThis, codes: number[][]) {
        return codes[this.thread.y]![2 * this.thread.x]! + 16 * codes[this.thread.y]![2 * this.thread.x + 1]!;
      },
      { output: [columns / 2, rows], asyncMode },
    );
}

/** Arguments: bytes [rows][columns / 2]. Output: f32[rows][columns]. */
export function unpackNibblesKernel(rows: number, columns: number): KernelFactory {
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (this: IKernelFunctionThis, bytes: number[][]) {
        const at = Math.floor((this.thread.x + 0.5) / 2);
        const byte = bytes[this.thread.y]![at]!;
        const high = Math.floor((byte + 0.5) / 16);
        if (this.thread.x - 2 * at === 0) {
          return byte - 16 * high;
        }
        return high;
      },
      { output: [columns, rows], asyncMode },
    );
}
