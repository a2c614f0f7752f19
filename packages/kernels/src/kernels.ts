import type { Backend } from './backend.ts';
import type { Matrix, MatrixGranularity } from './matrix.ts';
import type { QuantizedMatrix, SymmetricOptions } from './symmetric.ts';

/** The quantization kernels on one backend. Every call is asynchronous, as gpu.js v3 will be. */
export interface Kernels {
  /** The backend that runs every call. */
  readonly backend: Backend;
  /** Largest absolute value of each row or column. @returns f32[rows] or f32[columns] */
  absmax(matrix: Matrix, granularity: MatrixGranularity): Promise<Float32Array>;
  /** Uniform symmetric absmax quantization, round half to even. @param options.bits 2 to 8 */
  quantizeSymmetric(matrix: Matrix, options: SymmetricOptions): Promise<QuantizedMatrix>;
  /** x̂ = q · s. @returns f32[rows × columns] */
  dequantizeSymmetric(quantized: QuantizedMatrix): Promise<Float32Array>;
  /** Free the compiled kernels and device memory. */
  dispose(): Promise<void>;
}
