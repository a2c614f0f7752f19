import { affineGpu } from './gpu/affine-gpu.ts';
import { createGpuRunner, type GpuBackend } from './gpu/gpu-runner.ts';
import { linearGpu } from './gpu/linear-gpu.ts';
import { statisticsGpu } from './gpu/statistics-gpu.ts';
import { symmetricGpu } from './gpu/symmetric-gpu.ts';
import type { Kernels } from './kernels.ts';

/** The gpu.js kernels behind the kernel interface. A compiled kernel is kept per function and matrix size. */
export function createGpuKernels(backend: GpuBackend): Kernels {
  const runner = createGpuRunner(backend);
  const affine = affineGpu(runner);
  return {
    backend,
    ...symmetricGpu(runner),
    ...affine,
    ...linearGpu(runner, affine),
    ...statisticsGpu(runner),
    dispose: () => runner.dispose(),
  };
}
