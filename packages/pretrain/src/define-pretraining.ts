/** @file Checks and completes what a user writes to describe a training or a grid of trainings. */
import { InvalidInputError } from '@bitcliff/core';
import { z } from 'zod';
import type { ModelSizes, Pretraining, PretrainingConfig, TrainingOptions } from './pretraining-config.ts';
import { SEED_LIMIT } from './windows.ts';

const size = z.int().min(1).max(1_000_000);

const sizes = {
  hiddenSize: size,
  layers: size,
  heads: size,
  intermediateSize: size.optional(),
  sequenceLength: size.default(2048),
  normEpsilon: z.number().positive().default(1e-5),
};

const modelSchema = z.discriminatedUnion('architecture', [
  z.strictObject({ architecture: z.literal('gpt2'), ...sizes }),
  z.strictObject({
    architecture: z.literal('llama'),
    ...sizes,
    keyValueHeads: size.optional(),
    ropeTheta: z.number().positive().default(10000),
  }),
]);

const trainingSchema = z.strictObject({
  steps: z.int().min(1),
  batchSize: size,
  learningRate: z.number().positive(),
  warmupSteps: z.int().min(0),
  finalFraction: z.number().min(0).max(1),
  weightDecay: z.number().min(0),
  clipNorm: z.number().positive().nullable(),
  dropout: z.number().min(0).lt(1),
  precision: z.enum(['f32', 'bf16', 'fp16']),
  normPrecision: z.enum(['f32', 'half']),
  initDeviation: z.number().positive(),
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  epsilon: z.number().positive(),
  lossScale: z.number().positive(),
  lossScaleInterval: size,
  seed: z.int().min(0).max(SEED_LIMIT),
});

/** The INT8 paper's control values, and ours where it says nothing. */
const TRAINING_DEFAULTS = {
  warmupSteps: 1500,
  finalFraction: 0.1,
  weightDecay: 0.1,
  clipNorm: 1,
  dropout: 0,
  precision: 'bf16',
  normPrecision: 'f32',
  initDeviation: 0.02,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  lossScale: 65536,
  lossScaleInterval: 2000,
  seed: 1,
} as const satisfies Partial<TrainingOptions>;

const schema = z.strictObject({
  out: z.string(),
  data: z.strictObject({
    files: z.array(z.string()).min(1),
    separator: z.string().min(1).nullable().default(null),
    heldOut: z.union([z.number().min(0).lt(1), z.array(z.string()).min(1)]).default(0.01),
    tokenizer: z.string(),
  }),
  model: modelSchema,
  training: trainingSchema.partial().required({ steps: true, batchSize: true, learningRate: true }),
  variants: z.record(z.string().regex(/^[\w+][\w.+-]*$/), trainingSchema.partial()).optional(),
  checkpoints: z.array(z.int().min(0)).default([]),
  saveStateEvery: size.default(200),
});

/** Name of the only variant when a configuration has none. */
export const SINGLE_VARIANT = 'run';

/**
 * Check a configuration and fill in its defaults. Relative paths stay relative to the working folder (the command line takes them from the
 * configuration's folder).
 * @throws {InvalidInputError} that lists every wrong field
 * @example
 * export default definePretraining({
 *   out: 'runs',
 *   data: { files: ['corpus.txt'], separator: '\n\n\n', tokenizer: 'tokenizer' },
 *   model: { architecture: 'gpt2', hiddenSize: 128, layers: 3, heads: 4, sequenceLength: 96 },
 *   training: { steps: 2000, batchSize: 16, learningRate: 2e-3, warmupSteps: 100 },
 *   variants: int8PaperGrid,
 * });
 */
export function definePretraining(config: PretrainingConfig): Pretraining {
  const parsed = schema.safeParse(config);
  if (!parsed.success) {
    throw new InvalidInputError({
      op: 'definePretraining',
      problem: `a field is missing or wrong\n${z.prettifyError(parsed.error)}\n`,
      expected: 'the fields of PretrainingConfig',
    });
  }
  const { model, training, variants, checkpoints, ...rest } = parsed.data;
  const named = Object.entries(variants ?? { [SINGLE_VARIANT]: {} }).map(([name, changes]) => {
    const given = Object.entries({ ...training, ...changes }).filter(([, value]) => value !== undefined);
    return { name, training: { ...TRAINING_DEFAULTS, ...Object.fromEntries(given) } as TrainingOptions };
  });
  requireThat(named.length > 0, 'variants', 'at least one', 0);
  const steps = Math.min(...named.map((variant) => variant.training.steps));
  const latest = Math.max(0, ...checkpoints);
  requireThat(latest <= steps, 'checkpoints', `at most ${steps}, the steps of the shortest variant`, latest);
  return {
    ...rest,
    model: completeModel(model),
    variants: named,
    checkpoints: [...new Set(checkpoints)].sort((a, b) => a - b),
  };
}

function completeModel(given: z.output<typeof modelSchema>): ModelSizes {
  const { hiddenSize, heads } = given;
  const headDim = hiddenSize / heads;
  requireThat(Number.isInteger(headDim), 'heads', `a divisor of hiddenSize ${hiddenSize}`, heads);
  const intermediateSize = given.intermediateSize ?? 4 * hiddenSize;
  if (given.architecture === 'gpt2') return { ...given, intermediateSize };
  const keyValueHeads = given.keyValueHeads ?? heads;
  requireThat(heads % keyValueHeads === 0, 'keyValueHeads', `a divisor of heads ${heads}`, keyValueHeads);
  requireThat(headDim % 2 === 0, 'heads', 'an even number of elements in each head', headDim);
  return { ...given, intermediateSize, keyValueHeads };
}

function requireThat(holds: boolean, where: string, expected: string, received: number): void {
  if (holds) return;
  throw new InvalidInputError({ op: 'definePretraining', problem: 'bad value', expected, received, where });
}
