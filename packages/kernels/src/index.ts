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

// integers with scale and zero point
export {
  AFFINE_GRIDS,
  type AffineGranularity,
  type AffineGrid,
  type AffineGridOptions,
  type AffineMatrix,
  type AffineOptions,
  type AffineParameters,
  GRID_ROUNDING,
  type ScaleDtype,
} from './affine/affine-scheme.ts';
export { type AffineCoder, chooseAffine, createAffineCoder, roundingOf } from './affine/affine-grid.ts';
export {
  dequantizeAffineRef,
  encodeAffineRef,
  type GroupRanges,
  groupRangesRef,
  groupRows,
  quantizeAffineRef,
} from './affine/affine-ref.ts';

// products
export { type Block, multiplyAdd, type ProductSize } from './dense/multiply-add.ts';
export { multiplyAddRef } from './dense/multiply-add-ref.ts';
export { INT8_INPUT_LIMIT, type Int8Product, int8MultiplyRef } from './linear/int8-product.ts';
export { type AwqErrorInputs, awqErrorsRef } from './linear/awq-errors.ts';
export {
  gramMatrixRef,
  packNibblesRef,
  type ScaleOptions,
  scaleMatrixRef,
  unpackNibblesRef,
  walshHadamardRef,
} from './linear/linear-ref.ts';

// statistics
export { type ErrorMeasures, errorMeasures, type ErrorSums } from './statistics/error-measures.ts';
export {
  errorSumsRef,
  type HistogramOptions,
  histogramRef,
  outlierCountsRef,
  rowDeviationRef,
  type SpectralOptions,
  spectralNormRef,
} from './statistics/statistics-ref.ts';

// symmetric references
export { absmaxRef, dequantizeSymmetricRef, quantizeSymmetricRef } from './symmetric-ref.ts';
