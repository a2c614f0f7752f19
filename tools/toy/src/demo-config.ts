/** @file Every choice behind the demo checkpoint; `training.json` records them, a test compares. */
import type { ModelConfig } from './model.ts';
import type { OptimizerConfig } from './optimizer.ts';

/** Seed of the initial weights; the order of the rows has the next one. */
export const TRAINING_SEED = 7;
export const TRAINING_STEPS = 6000;
/** Token rows of one step. */
export const BATCH_ROWS = 8;
/** Tokens of a row, also the largest position of the model. */
export const ROW_LENGTH = 128;

/** Seed of the training stories; which of them carry their heading has the next one. */
export const CORPUS_SEED = 1;
export const CORPUS_STORIES = 120_000;

/** Seed of the stories of the held-out loss. */
export const HELD_OUT_SEED = 3;
export const HELD_OUT_STORIES = 500;

/** Pieces of the tokenizer, trained on the first training stories. */
export const VOCAB_SIZE = 512;
export const TOKENIZER_STORIES = 20_000;

/** 435,072 weights, 0.87 MB in F16; all sizes are multiples of 64, the group sizes of 32 and 64 fit every matrix. */
export const MODEL: ModelConfig = {
  vocabSize: VOCAB_SIZE,
  hiddenSize: 128,
  intermediateSize: 192,
  numHiddenLayers: 3,
  numAttentionHeads: 4,
  numKeyValueHeads: 2,
  headDim: 32,
  maxPositionEmbeddings: ROW_LENGTH,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
};

/** @param steps length of the run; the warm-up is a tenth of it, at most 100 steps */
export function createOptimizerConfig(steps: number): OptimizerConfig {
  return {
    steps,
    warmupSteps: Math.min(100, Math.ceil(steps / 10)),
    learningRate: 1.5e-3,
    finalFraction: 0.02,
    beta1: 0.9,
    beta2: 0.98,
    epsilon: 1e-8,
    weightDecay: 0.1,
    clipNorm: 1,
  };
}
