import { describe, expect, test } from 'vitest';
import { definePretraining, SINGLE_VARIANT } from './define-pretraining.ts';
import { int8PaperGrid } from './int8-paper-grid.ts';
import type { PretrainingConfig } from './pretraining-config.ts';

const config: PretrainingConfig = {
  out: 'runs',
  data: { files: ['corpus.txt'], tokenizer: 'tokenizer' },
  model: { architecture: 'gpt2', hiddenSize: 16, layers: 2, heads: 4 },
  training: { steps: 100, batchSize: 8, learningRate: 1e-3 },
};

test('defaults are the controls of the INT8 paper', () => {
  const { model, data, variants, checkpoints } = definePretraining(config);
  expect(model).toEqual({
    architecture: 'gpt2',
    hiddenSize: 16,
    layers: 2,
    heads: 4,
    intermediateSize: 64,
    sequenceLength: 2048,
    normEpsilon: 1e-5,
  });
  expect(data).toEqual({ files: ['corpus.txt'], tokenizer: 'tokenizer', separator: null, heldOut: 0.01 });
  expect(checkpoints).toEqual([]);
  expect(variants).toHaveLength(1);
  expect(variants[0]).toMatchObject({
    name: SINGLE_VARIANT,
    training: {
      steps: 100,
      weightDecay: 0.1,
      clipNorm: 1,
      dropout: 0,
      precision: 'bf16',
      normPrecision: 'f32',
      warmupSteps: 1500,
    },
  });
});

test('a variant changes what it names and nothing else', () => {
  const { variants } = definePretraining({
    ...config,
    training: { ...config.training, weightDecay: 0.5, seed: 3 },
    variants: { a: {}, b: { weightDecay: 0.01, clipNorm: null } },
  });
  expect(variants.map(({ name }) => name)).toEqual(['a', 'b']);
  const [a, b] = variants;
  expect(a!.training).toMatchObject({ weightDecay: 0.5, clipNorm: 1, seed: 3 });
  expect(b!.training).toEqual({ ...a!.training, weightDecay: 0.01, clipNorm: null });
});

test('a Llama has as many key/value heads as heads unless told otherwise', () => {
  const model = { architecture: 'llama', hiddenSize: 16, layers: 2, heads: 4 } as const;
  expect(definePretraining({ ...config, model }).model).toMatchObject({ keyValueHeads: 4, ropeTheta: 10000 });
});

test('checkpoints come in order, each once', () => {
  expect(definePretraining({ ...config, checkpoints: [50, 0, 50, 10] }).checkpoints).toEqual([0, 10, 50]);
});

describe('refuses', () => {
  const model = config.model;
  test.each<[string, object, string]>([
    ['a field that is missing', { training: { steps: 1, batchSize: 1 } }, 'training.learningRate'],
    ['a field it does not know', { trainig: {} }, 'Unrecognized key: "trainig"'],
    ['a dropout of 1', { training: { ...config.training, dropout: 1 } }, 'training.dropout'],
    ['another precision', { variants: { a: { precision: 'fp8' } } }, 'variants.a.precision'],
    ['a variant that leaves the folder', { variants: { '../a': {} } }, 'variants'],
    ['no variant', { variants: {} }, 'bad value, expected at least one, received 0 (variants)'],
    [
      'heads that do not divide',
      { model: { ...model, heads: 3 } },
      'a divisor of hiddenSize 16, received 3 (heads)',
    ],
    [
      'key/value heads that do not divide',
      { model: { ...model, architecture: 'llama', keyValueHeads: 3 } },
      'a divisor of heads 4, received 3 (keyValueHeads)',
    ],
    [
      'odd heads of a Llama',
      { model: { ...model, architecture: 'llama', hiddenSize: 12 } },
      'an even number of elements in each head, received 3 (heads)',
    ],
    [
      'a checkpoint after the end',
      { checkpoints: [101] },
      'expected at most 100, the steps of the shortest variant, received 101',
    ],
  ])('%s', (_, changes, message) => {
    expect(() => definePretraining({ ...config, ...changes } as PretrainingConfig)).toThrow(message);
  });
});

describe('int8PaperGrid', () => {
  const { variants } = definePretraining({ ...config, variants: int8PaperGrid });
  const values = (field: 'weightDecay' | 'clipNorm' | 'dropout' | 'precision', where: object): unknown[] =>
    variants
      .filter(({ training }) =>
        Object.entries(where).every(([name, value]) => training[name as typeof field] === value),
      )
      .map(({ training }) => training[field])
      .toSorted();

  test('has every axis of Table 1 with its controls', () => {
    expect(values('weightDecay', { clipNorm: null, dropout: 0, precision: 'bf16' })).toEqual([
      0.001, 0.01, 0.1,
    ]);
    expect(values('clipNorm', { weightDecay: 0.001, dropout: 0, precision: 'bf16' })).toEqual([1, null]);
    expect(values('dropout', { weightDecay: 0.1, clipNorm: 1, precision: 'bf16' })).toEqual([
      0, 0.1, 0.4, 0.8,
    ]);
    expect(values('precision', { weightDecay: 0.1, clipNorm: 1, dropout: 0 })).toEqual(['bf16', 'fp16']);
    expect(values('precision', { weightDecay: 0.01, clipNorm: 1, dropout: 0 })).toEqual(['bf16', 'fp16']);
  });

  test('trains nothing twice', () => {
    expect(new Set(variants.map(({ training }) => JSON.stringify(training))).size).toBe(variants.length);
    expect(variants).toHaveLength(11);
  });
});
