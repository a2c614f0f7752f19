/**
 * Running decoder-only language models block by block on ONNX Runtime, quantized or not.
 * @packageDocumentation
 */

// the engine
export {
  BASELINE,
  createEngine,
  type Engine,
  type EngineOptions,
  type ScoreOptions,
  type VariantScores,
} from './engine/engine.ts';
export type { Generated, GenerateOptions } from './engine/generate.ts';
export type { Sampling } from './engine/sample-token.ts';
export type { RequestScore, TokenDivergence } from './engine/score-head.ts';
export { scoreTokens, type TokenScores } from './token-scores.ts';
export type { TapOptions, TapPoint, TapRecord, TapValues } from './taps.ts';
export type { Scratch } from './engine/scratch.ts';
export type { SessionOptions } from './engine/session.ts';
export type { Ort, OrtSession, OrtTensor } from './engine/ort.ts';

// quantizing a whole model
export {
  type LayerReport,
  quantizeModel,
  type QuantizeModelOptions,
  type QuantizeModelRecord,
} from './quantize-model/quantize-model.ts';
export {
  estimateSeconds,
  type MachineRates,
  probeMachine,
  type QuantizeModelWork,
  quantizeModelWork,
} from './quantize-model/estimate.ts';
export {
  createQuantizedBlocks,
  type QuantizedBlock,
  type QuantizedBlocks,
  type QuantizedPlace,
} from './quantize-model/quantized-blocks.ts';

// artifacts that other programs load
export {
  ARTIFACT_FORMATS,
  type ArtifactFormat,
  artifactFormats,
  checkArtifactFormat,
  ggmlTypeOf,
} from './artifacts/artifact-formats.ts';
export { checkFoldable, foldableRecipe } from './artifacts/fold-target.ts';
export { type ArtifactManifest, type ArtifactSource, MANIFEST_FILE } from './artifacts/manifest.ts';

// requests
export { type PackedRow, packRequests, type ScoredPosition, type ScoreRequest } from './packing.ts';
export { attentionMask } from './attention-mask.ts';

// weights in floating point
export {
  type BlockWeights,
  type FloatLinear,
  type NormWeights,
  readBlock,
} from './weights.ts';
export { toMatrix } from './engine/load-parts.ts';

// checkpoints
export type { Checkpoint } from './checkpoint.ts';
export { type CheckpointParts, createCheckpoint } from './create-checkpoint.ts';
export { type CheckpointMetadata, parseCheckpointMetadata } from './checkpoint-metadata.ts';
export type {
  Activation,
  DecoderSpec,
  NormSpec,
  Positions,
  RotaryScaling,
  Wiring,
} from './decoder-spec.ts';
export type {
  Architecture,
  BlockTensors,
  FusedPart,
  LinearModule,
  LinearPlace,
  ModelTensors,
  NormTensors,
} from './architecture.ts';
export { ARCHITECTURES, resolveArchitecture } from './architectures/index.ts';
export { createTokenizer, type TextTokenizer, type TokenizerFiles } from './tokenizer.ts';

// GGUF
export { openGgufCheckpoint } from './gguf/open-gguf-checkpoint.ts';
export { ggufMetadata } from './gguf/gguf-metadata.ts';
export { type GgufTensorPlan, ggufTensors, ggufTensorType } from './gguf/gguf-tensors.ts';
