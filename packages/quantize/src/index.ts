/**
 * Recipes and methods: how the linear layers of a language model are turned into fewer bits.
 * @packageDocumentation
 */

// recipes
export {
  defineRecipe,
  everyRole,
  type LinearModuleName,
  policyFor,
  type Recipe,
  type RecipeOverride,
} from './recipe.ts';
export { RECIPES, resolveRecipes } from './recipes/index.ts';
export { AWQ_PRESETS, GPTQ_PRESETS, HQQ_PRESETS } from './recipes/families.ts';
export { keepRole } from './recipes/keep-role.ts';
export { averageBits, type LinearShape } from './average-bits.ts';
export { MODULE_ROLES, type ModuleRole } from './module-role.ts';

// policies: storage, method, activations
export {
  type ActivationScheme,
  type CalibrationNeeds,
  calibrationNeeds,
  type LinearPolicy,
} from './policy.ts';
export type {
  Float8Scheme,
  GgmlScheme,
  GgmlType,
  IntegerScheme,
  MxFp4Scheme,
  NvFp4Scheme,
  WeightScheme,
} from './weight-scheme.ts';
export {
  type AwqMethod,
  type GptqMethod,
  type HqqMethod,
  type LlmInt8Method,
  type Method,
  METHOD_VERSIONS,
  type MethodName,
  type Propagation,
  type RtnMethod,
  type SmoothQuantMethod,
} from './method.ts';

// linear layers
export {
  type QuantizedLinear,
  quantizeLinear,
  quantizeLinears,
  restoreLinear,
  type QuantizeOptions,
} from './quantize-linear.ts';
export type { NamedWeight } from './named-weight.ts';
export type { LinearWeights } from './linear-weights.ts';
export { int8LinearRef } from './int8-linear-ref.ts';
export type { ModuleReport } from './report/module-report.ts';

// stored weights
export {
  dequantizeStored,
  type Float4Weight,
  type Float8Weight,
  type GgmlWeight,
  type IntegerWeight,
  type StoredWeight,
} from './schemes/stored-weight.ts';
export { encodeWeight, fakeQuantize } from './schemes/encode-weight.ts';
export { storageBits } from './schemes/storage-bits.ts';

// layouts that other programs read
export { type AwqTensors, packAwq, unpackAwq } from './packers/awq-layout.ts';
export {
  packCompressedTensors,
  packFloatQuantized,
  packIntQuantized,
  type PackQuantizedTensors,
  unpackCompressedTensors,
  unpackFloatQuantized,
  unpackIntQuantized,
} from './packers/compressed-tensors-layout.ts';
export { type Float4Tensors, packFloat4, unpackFloat4 } from './packers/float4-layout.ts';
export { type GptqTensors, type GptqVersion, packGptq, unpackGptq } from './packers/gptq-layout.ts';
export { type MatMulNBits, packMatMulNBits, unpackMatMulNBits } from './packers/mat-mul-nbits-layout.ts';

// calibration
export { tokenHash } from './calibration/token-hash.ts';
export {
  ASCII_PUNCTUATION,
  randomPunctuation,
  randomTokens,
  tokenWindows,
  type WindowOptions,
} from './calibration/token-sources.ts';
export {
  collectInputStatistics,
  type InputStatistics,
  type InputStatisticsCollector,
} from './statistics/input-statistics.ts';
export { createGramForm, type GramForm } from './statistics/gram-form.ts';

// methods on plain arrays
export { type AwqSearch, quantizeAwqLayer, searchAwqScales } from './methods/awq/awq.ts';
export { applyAwqClip, type AwqClip, searchAwqClip } from './methods/awq/awq-clip.ts';
export { gptq, type GptqResult } from './methods/gptq/gptq.ts';
export { hqq, type HqqResult } from './methods/hqq/hqq.ts';
export { foldScales, smoothQuantScales } from './methods/smoothquant/smoothquant.ts';
export {
  centerOutputs,
  createRotation,
  fastWalshHadamard,
  foldGain,
  type Rotation,
  rotateInputs,
  rotateOutputs,
} from './methods/hadamard/rotation.ts';
