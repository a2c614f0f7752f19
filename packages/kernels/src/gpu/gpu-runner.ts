import { InternalError } from '@bitcliff/core';
import type { IKernelRunShortcut } from 'gpu.js';
import * as gpuJs from 'gpu.js';
import { type Backend, KERNEL_CLASS } from '../backend.ts';

/** Backends of gpu.js. */
export type GpuBackend = Exclude<Backend, 'reference'>;

/** Makes a kernel. @param asyncMode to be given to `createKernel` */
export type KernelFactory = (gpu: gpuJs.GPU, asyncMode: boolean) => IKernelRunShortcut;

/** Runs gpu.js kernels on one backend and makes sure that they ran there. */
export interface GpuRunner {
  readonly backend: GpuBackend;
  /**
   * Run a kernel; one is compiled for each key and kept.
   * @param key names the kernel and its sizes
   * @returns what the kernel gives, for 2-D outputs as one array, row-major
   * @throws {InternalError} when gpu.js ran it on another backend
   */
  run(key: string, factory: KernelFactory, ...args: unknown[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** A 2-D argument: kernels index it as [row][column], so that no index of a large matrix is computed in f32. */
export function matrixInput(
  data: Float32Array | Int8Array | Uint8Array,
  rows: number,
  columns: number,
): unknown {
  // gpu.js 2.24.1 exports `input` as a function and types it as a class type only
  const { input } = gpuJs as unknown as { input(values: Float32Array, size: [number, number]): unknown };
  return input(data instanceof Float32Array ? data : Float32Array.from(data), [columns, rows]);
}

/** @param backend one that the machine has */
export function createGpuRunner(backend: GpuBackend): GpuRunner {
  const gpu = new gpuJs.GPU({ mode: backend });
  const compiled = new Map<string, IKernelRunShortcut>();
  return {
    backend,
    async run(key, factory, ...args) {
      // only webgpu must be asynchronous; elsewhere gpu.js's worker threads cost more than they give on these kernels
      const kernel = compiled.get(key) ?? factory(gpu, backend === 'webgpu');
      compiled.set(key, kernel);
      const result: unknown = await (kernel as unknown as (...values: unknown[]) => unknown)(...args);
      assertBackend(kernel, backend);
      return flatten(result as Float32Array | Float32Array[]);
    },
    async dispose() {
      compiled.clear();
      await gpu.destroy();
    },
  };
}

/** Rows of a 2-D result into one array. */
function flatten(result: Float32Array | Float32Array[]): Float32Array {
  if (!Array.isArray(result)) return result;
  const columns = result[0]!.length;
  const out = new Float32Array(result.length * columns);
  for (const [r, row] of result.entries()) out.set(row, r * columns);
  return out;
}

/** gpu.js changes backend without an error when it cannot compile a kernel; that must not pass unseen. */
function assertBackend(kernel: IKernelRunShortcut, backend: GpuBackend): void {
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
