import { UnknownNameError, UnsupportedError } from '@bitcliff/core';
import type { GPU } from 'gpu.js';

/** What a caller asks for. `auto` takes the first of webgpu, webgl2, webasm that is there. */
export type BackendChoice = 'auto' | Backend;

/** What ran. `reference` is the plain typed-array code, the others are gpu.js backends. */
export type Backend = 'webgpu' | 'webgl2' | 'webasm' | 'cpu' | 'reference';

/** Every backend name. */
export const BACKENDS: readonly Backend[] = ['webgpu', 'webgl2', 'webasm', 'cpu', 'reference'];

/** gpu.js class behind each of its modes: the proof of which backend really ran. */
export const KERNEL_CLASS: Readonly<Record<Exclude<Backend, 'reference'>, string>> = {
  webgpu: 'WebGPUKernel',
  webgl2: 'WebGL2Kernel',
  webasm: 'WebAssemblyKernel',
  cpu: 'CPUKernel',
};

/**
 * Decide the backend before anything runs.
 * @throws {UnknownNameError} for a name that is no backend
 * @throws {UnsupportedError} for a backend that this machine does not have; there is no fallback
 */
export async function resolveBackend(choice: string, gpuClass: typeof GPU): Promise<Backend> {
  const available: Record<Backend, boolean> = {
    webgpu: await gpuClass.isWebGPUAvailable(),
    webgl2: gpuClass.isWebGL2Supported,
    webasm: gpuClass.isWebAssemblySupported,
    cpu: true,
    reference: true,
  };
  if (choice === 'auto') return BACKENDS.find((backend) => available[backend])!;
  if (!(BACKENDS as readonly string[]).includes(choice)) {
    throw new UnknownNameError({
      op: 'createKernels',
      kind: 'backend',
      name: choice,
      known: ['auto', ...BACKENDS],
    });
  }
  const backend = choice as Backend;
  if (!available[backend]) {
    throw new UnsupportedError({
      op: 'createKernels',
      problem: `backend "${backend}" is not available on this machine`,
      expected: `one of: ${BACKENDS.filter((name) => available[name]).join(', ')}`,
      received: backend,
    });
  }
  return backend;
}
