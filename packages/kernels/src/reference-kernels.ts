import type { Kernels } from './kernels.ts';
import { absmaxRef, dequantizeSymmetricRef, quantizeSymmetricRef } from './symmetric-ref.ts';

/** The typed-array references behind the kernel interface. */
export function createReferenceKernels(): Kernels {
  return {
    backend: 'reference',
    absmax: async (matrix, granularity) => absmaxRef(matrix, granularity),
    quantizeSymmetric: async (matrix, options) => quantizeSymmetricRef(matrix, options),
    dequantizeSymmetric: async (quantized) => dequantizeSymmetricRef(quantized),
    dispose: async () => {},
  };
}
