import { InternalError } from '@bitcliff/core';
import type { IKernelRunShortcut } from 'gpu.js';
import * as gpuJs from 'gpu.js';
import { type Backend, KERNEL_CLASS } from './backend.ts';
import { createAbsmax, createDequantize, createQuantize } from './gpu/symmetric-kernels.ts';
import type { Kernels } from './kernels.ts';
import { checkMatrix, type Matrix, type MatrixGranularity } from './matrix.ts';
import { type QuantizedMatrix, quantMax, type SymmetricOptions } from './symmetric.ts';

// gpu.js 2.24.1 exports `input` as a function and types it as a class type only
const input = (gpuJs as unknown as { input(data: Float32Array, size: [number, number]): unknown }).input;

type KernelFactory = typeof createQuantize;

/** The gpu.js kernels behind the kernel interface. A compiled kernel is kept per function and matrix size. */
export function createGpuKernels(backend: Exclude<Backend, 'reference'>): Kernels {
  const gpu = new gpuJs.GPU({ mode: backend });
  const compiled = new Map<KernelFactory, Map<string, IKernelRunShortcut>>();

  const run = async (
    factory: KernelFactory,
    matrix: { rows: number; columns: number },
    granularity: MatrixGranularity,
    ...args: unknown[]
  ): Promise<unknown> => {
    const { rows, columns } = matrix;
    const variants = compiled.get(factory) ?? new Map<string, IKernelRunShortcut>();
    compiled.set(factory, variants);
    const key = `${rows}x${columns} ${granularity}`;
    // only webgpu must be asynchronous; elsewhere gpu.js's worker threads cost more than they give on these kernels
    const kernel = variants.get(key) ?? factory(gpu, rows, columns, granularity, backend === 'webgpu');
    variants.set(key, kernel);
    const result: unknown = await (kernel as unknown as (...values: unknown[]) => unknown)(...args);
    assertBackend(kernel, backend);
    return result;
  };

  const absmax = async (matrix: Matrix, granularity: MatrixGranularity): Promise<Float32Array> => {
    const { data, rows, columns } = matrix;
    checkMatrix('absmax', data, rows, columns);
    return (await run(createAbsmax, matrix, granularity, input(data, [columns, rows]))) as Float32Array;
  };

  const quantizeSymmetric = async (matrix: Matrix, options: SymmetricOptions): Promise<QuantizedMatrix> => {
    const { data, rows, columns } = matrix;
    const { bits, granularity } = options;
    const top = quantMax(bits);
    const scale = (await absmax(matrix, granularity)).map((max) => max / top);
    const cells = await run(createQuantize, matrix, granularity, input(data, [columns, rows]), scale, top);
    const codes = flatten(cells as Float32Array[], new Int8Array(data.length), columns);
    return { codes, scale, rows, columns, granularity, bits };
  };

  const dequantizeSymmetric = async (quantized: QuantizedMatrix): Promise<Float32Array> => {
    const { codes, scale, rows, columns, granularity } = quantized;
    checkMatrix('dequantize', codes, rows, columns);
    const q = input(Float32Array.from(codes), [columns, rows]);
    const cells = await run(createDequantize, quantized, granularity, q, scale);
    return flatten(cells as Float32Array[], new Float32Array(codes.length), columns);
  };

  const dispose = async (): Promise<void> => {
    compiled.clear();
    await gpu.destroy();
  };
  return { backend, absmax, quantizeSymmetric, dequantizeSymmetric, dispose };
}

/** Rows of a 2-D result into one array. */
function flatten<T extends Int8Array | Float32Array>(rows: Float32Array[], out: T, columns: number): T {
  for (const [r, row] of rows.entries()) out.set(row, r * columns);
  return out;
}

/** gpu.js changes backend without an error when it cannot compile a kernel; that must not pass unseen. */
function assertBackend(kernel: IKernelRunShortcut, backend: Exclude<Backend, 'reference'>): void {
  const engine = kernel.kernel as unknown as {
    constructor: { name: string };
    fallbackReason?: string | null;
  };
  const name = engine.constructor.name;
  if (name !== KERNEL_CLASS[backend] || engine.fallbackReason) {
    const because = engine.fallbackReason ? ` because ${engine.fallbackReason}` : '';
    throw new InternalError(`a kernel asked for on ${backend} ran on ${name}${because}`);
  }
}
