/**
 * Controlled pretraining of small decoder language models: weight decay, dropout, clipping, emulated bf16 and fp16.
 * @packageDocumentation
 */

// describing a training or a grid of them
export { definePretraining, SINGLE_VARIANT } from './define-pretraining.ts';
export type {
  DataOptions,
  ModelSizes,
  Pretraining,
  PretrainingConfig,
  PretrainingVariant,
  TrainingOptions,
} from './pretraining-config.ts';
export { int8PaperGrid } from './int8-paper-grid.ts';

// what a run says
export type { PretrainingEvent, RunOptions, RunResult } from './pretraining-event.ts';
export { DivergedError } from './diverged-error.ts';

// models
export {
  type Batch,
  decoderLogits,
  initParams,
  lossAndGradients,
  parameterCount,
  type PassOptions,
  weightSpecs,
} from './decoder.ts';
export type { Params } from './decoder-inputs.ts';
export type { Gpt2Config, LlamaConfig, ModelConfig, WeightSpec, WeightSpecs } from './model-config.ts';

// half precision in float32
export { type Precision, type Rounding, ROUNDINGS } from './precision.ts';
export { Tape, type TapeNode, type Rounded } from './tape.ts';

// windows of tokens
export { createOrder, packWindows, SEED_LIMIT, targetCount, toBatch, type Windows } from './windows.ts';

// training
export {
  createTrainer,
  type StateArrays,
  type StepReport,
  type Trainer,
  type TrainingProgress,
} from './trainer.ts';
export { createTrainStep, type StepResult, type TrainStep } from './train-step.ts';
export { type AdamWConfig, adamwStep, initState, type TrainState } from './adamw.ts';
export { learningRateAt, type ScheduleConfig } from './schedule.ts';
export { type LossScale, nextLossScale } from './loss-scale.ts';
export { createMeanLoss, type MeanLoss } from './mean-loss.ts';
