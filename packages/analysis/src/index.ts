/**
 * Why a language model loses bits: weights, activations, outlier dimensions, sensitivity, fits. Every function works alone on arrays, or on a checkpoint.
 * @packageDocumentation
 */

// numbers
export { describeValues, type ValueDescription } from './arrays/describe-values.ts';
export { type Histogram, type HistogramBins, histogram, sharedBins } from './arrays/histogram.ts';
export {
  createMagnitudeCounter,
  type MagnitudeCounter,
  type MagnitudeHistogram,
  magnitudeHistogram,
} from './arrays/magnitude-histogram.ts';
export { rankCorrelation } from './arrays/rank-correlation.ts';

// weights
export { type GainStatistics, gainStatistics } from './arrays/gain-statistics.ts';
export { type SpectralNorm, type SpectralNormOptions, spectralNorm } from './arrays/spectral-norm.ts';
export { equalNormNoise, type NoiseOptions } from './arrays/noise.ts';
export { type KnapsackChoice, type KnapsackOption, knapsack } from './arrays/knapsack.ts';

// activations
export { type TokenStatistics, tokenStatistics } from './arrays/token-statistics.ts';
export {
  type MassiveActivation,
  type MassiveOptions,
  massiveActivations,
} from './arrays/massive-activations.ts';

// outlier dimensions
export {
  countOutliers,
  createOutlierCounter,
  type OutlierCounter,
  type OutlierCoverage,
  type OutlierRule,
  type OutlierShape,
} from './outliers/outlier-counter.ts';
export {
  type CoverageReading,
  type OutlierDimension,
  type OutlierDimensionOptions,
  type OutlierDimensions,
  outlierDimensions,
  searchOutlierThreshold,
  type ThresholdSearch,
} from './outliers/outlier-dimensions.ts';

// scaling laws
export { type LinearFit, leastSquares, type Regressor } from './laws/least-squares.ts';
export {
  type DegradationPoint,
  fitScalingLaw,
  KUMAR,
  kumarLaw,
  type LawFit,
  type LawPoint,
  OUYANG,
  ouyangLaw,
} from './laws/scaling-laws.ts';
