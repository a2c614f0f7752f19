import { GPU } from 'gpu.js';
import { type BackendChoice, resolveBackend } from './backend.ts';
import { createGpuKernels } from './gpu-kernels.ts';
import type { Kernels } from './kernels.ts';
import { createReferenceKernels } from './reference-kernels.ts';

/**
 * The kernels on the backend asked for.
 * @param options.backend @default 'auto'
 * @throws {UnknownNameError} for an unknown backend name
 * @throws {UnsupportedError} for a backend that this machine does not have
 * @example
 * const kernels = await createKernels({ backend: 'webasm' });
 * const q = await kernels.quantizeSymmetric({ data, rows, columns }, { bits: 8, granularity: 'perColumn' });
 * await kernels.dispose();
 */
export async function createKernels(options: { backend?: BackendChoice | undefined } = {}): Promise<Kernels> {
  const backend = await resolveBackend(options.backend ?? 'auto', GPU);
  return backend === 'reference' ? createReferenceKernels() : createGpuKernels(backend);
}
