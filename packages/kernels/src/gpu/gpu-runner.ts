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
  /**
   * Run a kernel of a matrix and a number once for each number, each time on what it gave before, as one chain (`createPipeline`): what is
   * between the passes stays on the device. One chain is compiled for each key and kept.
   * @returns what the last pass gives, row-major
   * @throws {InternalError} when gpu.js ran it on another backend
   */
  runPasses(
    key: string,
    factory: KernelFactory,
    matrix: unknown,
    numbers: readonly number[],
  ): Promise<Float32Array>;
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
  const chains = new Map<string, gpuJs.IPipelineRunShortcut>();
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
    async runPasses(key, factory, matrix, numbers) {
      let chain = chains.get(key);
      if (chain === undefined) {
        const pass = factory(gpu, backend === 'webgpu') as unknown as (x: unknown, n: number) => unknown;
        // worker threads cost more than they give here too
        chain = gpu.createPipeline((x: unknown) => numbers.reduce((y, n) => pass(y, n), x), {
          threads: false,
        });
        chains.set(key, chain);
      }
      const result: unknown = await (chain as unknown as (x: unknown) => Promise<unknown>)(matrix);
      assertChainBackend(chain, backend);
      return flatten(result as Float32Array | Float32Array[]);
    },
    async dispose() {
      compiled.clear();
      chains.clear();
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

/** What gpu.js calls the backend of a chain, and whether it runs the chain as a whole there. */
const CHAINS: Readonly<Record<GpuBackend, { readonly name: string; readonly fused: boolean }>> = {
  webgpu: { name: 'webgpu', fused: true },
  webgl2: { name: 'gpu', fused: false },
  webasm: { name: 'webasm', fused: true },
  cpu: { name: 'cpu', fused: false },
};

function assertChainBackend(chain: gpuJs.IPipelineRunShortcut, backend: GpuBackend): void {
  const { name, fused } = CHAINS[backend];
  const { executorKind, fallbackReason } = chain.pipeline;
  if (chain.backend === name && (executorKind !== 'generic') === fused) return;
  throw new InternalError(
    `a chain asked for on ${backend} ran on ${chain.backend} (${executorKind}) because ${fallbackReason}`,
  );
}
