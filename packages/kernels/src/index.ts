/**
 * Quantization kernels on gpu.js, each with a plain typed-array reference.
 * @packageDocumentation
 */

// kernels on a backend
export { createKernels } from './create-kernels.ts';
export type { Kernels } from './kernels.ts';
export { BACKENDS, type Backend, type BackendChoice } from './backend.ts';

// matrices and options
export type { Matrix, MatrixGranularity } from './matrix.ts';
export { type QuantizedMatrix, quantMax, type SymmetricOptions } from './symmetric.ts';

// references
export { absmaxRef, dequantizeSymmetricRef, quantizeSymmetricRef } from './symmetric-ref.ts';
