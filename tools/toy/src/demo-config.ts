/** @file Every choice behind the demo checkpoints; `training.json` beside their weights records them, a test compares. */
import { join } from 'node:path';
import { definePretraining, int8PaperGrid, type Pretraining } from '@bitcliff/pretrain';

/** Seed of the training text, and its length. */
export const CORPUS_SEED = 1;
export const CORPUS_TEXTS = 80_000;

/** Seed of the text of the held-out loss, and its length; from the reserved signatures, like the tasks. */
export const HELD_OUT_SEED = 3;
export const HELD_OUT_TEXTS = 1000;

/** Pieces of the tokenizer, trained on the first texts. */
export const VOCABULARY_SIZE = 1024;
export const TOKENIZER_TEXTS = 10_000;

/** Tokens of a window; the longest text has 70. */
export const SEQUENCE_LENGTH = 96;

/** Between the texts of a file; some have a single line feed within. */
export const SEPARATOR = '\n\n';

/** Early steps that are kept of the control. */
export const EARLY_STEPS: readonly number[] = [200, 400, 800];

const { control, 'wd0.001-noclip': lowDecay } = int8PaperGrid;

/**
 * 869,504 weights, 1.74 MB in bf16; the group sizes 32, 64 and 128 divide every row of its matrices.
 * @param work folder with corpus.txt, held-out.txt and tokenizer/, see `prepare-corpus.ts`; results go to `runs` in it
 */
export function demoPretraining(work: string): Pretraining {
  return definePretraining({
    out: join(work, 'runs'),
    data: {
      files: [join(work, 'corpus.txt')],
      heldOut: [join(work, 'held-out.txt')],
      separator: SEPARATOR,
      tokenizer: join(work, 'tokenizer'),
    },
    model: { architecture: 'gpt2', hiddenSize: 128, layers: 3, heads: 4, sequenceLength: SEQUENCE_LENGTH },
    training: {
      steps: 1600,
      batchSize: 16,
      learningRate: 3e-3,
      warmupSteps: 100,
      finalFraction: 0.05,
      beta2: 0.98,
      // with 0.02 attention needs about three times as many tokens before it begins to look facts up
      initDeviation: 0.06,
      seed: 7,
    },
    variants: { control: control!, 'wd0.001-noclip': lowDecay! },
    checkpoints: EARLY_STEPS,
    saveStateEvery: 50,
  });
}
