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

// a checkpoint
export type { AnalysisOptions, CheckpointLabel } from './model/analysis-options.ts';
export {
  type AnalyzeWeightsOptions,
  analyzeWeights,
  type GainRecord,
  type WeightAnalysis,
  type WeightError,
  type WeightRecord,
} from './model/analyze-weights.ts';
export {
  type ActivationAnalysis,
  type ActivationRecord,
  type AnalyzeActivationsOptions,
  analyzeActivations,
} from './model/analyze-activations.ts';
export {
  type FindOutlierOptions,
  findOutlierDimensions,
  findOutlierThreshold,
  type OutlierRecord,
} from './model/outlier-analysis.ts';
export {
  type ActivationErrorOptions,
  type ActivationErrorRecord,
  activationError,
} from './model/activation-error.ts';

// what quantization costs
export {
  type LossOptions,
  type LossVariant,
  measureLoss,
  type VariantLoss,
} from './model/measure-loss.ts';
export {
  type ProxyCorrelation,
  sensitivity,
  type SensitivityAnalysis,
  type SensitivityOptions,
  type SensitivityRecord,
  type SensitivityUnit,
} from './model/sensitivity.ts';
export {
  type MixedPrecision,
  linearShapes,
  type MixedPrecisionOptions,
  mixedPrecision,
} from './model/mixed-precision.ts';
export {
  type CalibrationEffect,
  type CalibrationEffectOptions,
  calibrationEffect,
  type CalibrationOverlap,
  type CalibrationRecord,
  type CalibrationSet,
  type Spread,
} from './model/calibration-effect.ts';
export {
  fitQidCurves,
  nonEmbeddingParameters,
  qidCurves,
  type QidFit,
  type QidOptions,
  type QidPoint,
  type QidRecord,
} from './model/qid-curves.ts';
export {
  type EqualBitsOptions,
  equalBitsRecipes,
  equalBitsRoles,
  type KeptRole,
  type KeptRoleRecord,
} from './model/equal-bits-roles.ts';
export { needsCalibration, openQuantized, type Target } from './model/quantized-view.ts';

// controls
export { type BlockImportanceRecord, blockImportance } from './model/block-importance.ts';
export { type NoiseControlOptions, noiseControl, type NoiseRecord } from './model/noise-control.ts';
