import type { GroupRanges } from './affine/affine-ref.ts';
import type { AffineMatrix, AffineOptions } from './affine/affine-scheme.ts';
import type { Backend } from './backend.ts';
import type { AwqErrorInputs } from './linear/awq-errors.ts';
import type { Int8Product } from './linear/int8-product.ts';
import type { ScaleOptions } from './linear/linear-ref.ts';
import type { Matrix, MatrixGranularity } from './matrix.ts';
import type { ErrorSums } from './statistics/error-measures.ts';
import type { HistogramOptions, SpectralOptions } from './statistics/statistics-ref.ts';
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

  /** Smallest and largest element of each group of W [in, out]. */
  groupRanges(
    matrix: Matrix,
    options: Pick<AffineOptions, 'granularity' | 'groupSize'>,
  ): Promise<GroupRanges>;
  /** Codes, scales and zero points of W [in, out]: any bits from 2 to 8, symmetric or not, every granularity and grid. */
  quantizeAffine(matrix: Matrix, options: AffineOptions): Promise<AffineMatrix>;
  /** x̂ = (q − zeroPoint) · scale. @returns f32[rows × columns] */
  dequantizeAffine(quantized: AffineMatrix): Promise<Float32Array>;
  /** Quantize and dequantize in one pass. @returns f32[rows × columns] */
  fakeQuantize(matrix: Matrix, options: AffineOptions): Promise<Float32Array>;

  /** X_Q W_Q in exact integers for up to 16,384 inputs, and · s_x ⊗ s_w. @param x 8 bits per row @param w 8 bits per column */
  int8Multiply(x: QuantizedMatrix, w: QuantizedMatrix): Promise<Int8Product>;
  /** Xᵀ X of X [tokens, width]. @returns f32[width × width] */
  gramMatrix(x: Matrix): Promise<Float32Array>;
  /** Rows or columns times, or divided by, a factor each: smoothing, AWQ. @returns f32[rows × columns] */
  scaleMatrix(matrix: Matrix, factors: Float32Array, options: ScaleOptions): Promise<Float32Array>;
  /** Σ (X Ŵ − X W)² per token and output under each candidate of scales, Ŵ = Q(W · s) / s. @returns f64[candidates] */
  awqErrors(
    weight: Matrix,
    inputs: AwqErrorInputs,
    candidates: readonly Float32Array[],
    options: AffineOptions,
  ): Promise<Float64Array>;
  /** x H along rows, without scaling. @param matrix of a power of two columns @returns f32[rows × columns] */
  walshHadamard(matrix: Matrix): Promise<Float32Array>;

  /** Two codes of 4 bits in a byte along rows, the even one low. @param codes u8[rows × columns], columns even */
  packNibbles(codes: Uint8Array, size: { rows: number; columns: number }): Promise<Uint8Array>;
  /** @param size of the codes @returns u8[rows × columns] */
  unpackNibbles(bytes: Uint8Array, size: { rows: number; columns: number }): Promise<Uint8Array>;

  /** Σ a², Σ b², Σ (a − b)²: see `errorMeasures` for RMSE, SQNR and cosine. */
  errorSums(a: Matrix, b: Matrix): Promise<ErrorSums>;
  /** Standard deviation of each row (token), over all its columns. @returns f32[rows] */
  rowDeviation(matrix: Matrix): Promise<Float32Array>;
  /** Entries of each column with |x| ≥ threshold. @returns u32[columns] */
  outlierCounts(matrix: Matrix, threshold: number): Promise<Uint32Array>;
  /** Entries in each bin; what lies outside is not counted. @returns u32[bins] */
  histogram(matrix: Matrix, options: HistogramOptions): Promise<Uint32Array>;
  /** Largest singular value, by power iteration. */
  spectralNorm(matrix: Matrix, options?: SpectralOptions): Promise<number>;

  /** Free the compiled kernels and device memory. */
  dispose(): Promise<void>;
}
