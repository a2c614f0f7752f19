import { dequantizeAffineRef, groupRangesRef, quantizeAffineRef } from './affine/affine-ref.ts';
import type { Kernels } from './kernels.ts';
import { awqErrorsRef } from './linear/awq-errors.ts';
import { int8MultiplyRef } from './linear/int8-product.ts';
import {
  gramMatrixRef,
  packNibblesRef,
  scaleMatrixRef,
  unpackNibblesRef,
  walshHadamardRef,
} from './linear/linear-ref.ts';
import {
  errorSumsRef,
  histogramRef,
  outlierCountsRef,
  rowDeviationRef,
  spectralNormRef,
} from './statistics/statistics-ref.ts';
import { absmaxRef, dequantizeSymmetricRef, quantizeSymmetricRef } from './symmetric-ref.ts';

/** The typed-array references behind the kernel interface. */
export function createReferenceKernels(): Kernels {
  return {
    backend: 'reference',
    absmax: async (matrix, granularity) => absmaxRef(matrix, granularity),
    quantizeSymmetric: async (matrix, options) => quantizeSymmetricRef(matrix, options),
    dequantizeSymmetric: async (quantized) => dequantizeSymmetricRef(quantized),
    groupRanges: async (matrix, options) => groupRangesRef(matrix, options),
    quantizeAffine: async (matrix, options) => quantizeAffineRef(matrix, options),
    dequantizeAffine: async (quantized) => dequantizeAffineRef(quantized),
    fakeQuantize: async (matrix, options) => dequantizeAffineRef(quantizeAffineRef(matrix, options)),
    int8Multiply: async (x, w) => int8MultiplyRef(x, w),
    gramMatrix: async (x) => gramMatrixRef(x),
    scaleMatrix: async (matrix, factors, options) => scaleMatrixRef(matrix, factors, options),
    awqErrors: async (weight, inputs, candidates, options) =>
      awqErrorsRef(weight, inputs, candidates, options),
    walshHadamard: async (matrix) => walshHadamardRef(matrix),
    packNibbles: async (codes, size) => packNibblesRef(codes, size),
    unpackNibbles: async (bytes, size) => unpackNibblesRef(bytes, size),
    errorSums: async (a, b) => errorSumsRef(a, b),
    rowDeviation: async (matrix) => rowDeviationRef(matrix),
    outlierCounts: async (matrix, threshold) => outlierCountsRef(matrix, threshold),
    histogram: async (matrix, options) => histogramRef(matrix, options),
    spectralNorm: async (matrix, options) => spectralNormRef(matrix, options),
    dispose: async () => {},
  };
}
