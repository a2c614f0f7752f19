import { createRng } from '@bitcliff/core';
import { init } from '@jax-js/jax';
import { beforeAll, describe, expect, test } from 'vitest';
import { definePretraining } from './define-pretraining.ts';
import { DivergedError } from './diverged-error.ts';
import type { ModelConfig } from './model-config.ts';
import type { TrainingOptions } from './pretraining-config.ts';
import { createTrainer, type StateArrays, type Trainer } from './trainer.ts';
import { packWindows } from './windows.ts';

beforeAll(async () => void (await init('wasm')));

const model: ModelConfig = {
  architecture: 'gpt2',
  vocabularySize: 12,
  hiddenSize: 16,
  layers: 2,
  heads: 2,
  intermediateSize: 32,
  sequenceLength: 12,
  normEpsilon: 1e-5,
};
// documents that count upwards from a random number: what follows is certain
const rng = createRng(8);
const windows = packWindows(
  Array.from({ length: 60 }, () => {
    const first = rng.int(12);
    return Array.from({ length: 4 + rng.int(6) }, (_, i) => (first + i) % 12);
  }),
  12,
);

function options(changes: Partial<TrainingOptions>): TrainingOptions {
  const training = {
    steps: 40,
    batchSize: 8,
    learningRate: 0.01,
    warmupSteps: 5,
    initDeviation: 0.1,
    ...changes,
  };
  return definePretraining({
    out: '.',
    data: { files: ['x'], tokenizer: 'x' },
    model: { architecture: 'gpt2', hiddenSize: 16, layers: 2, heads: 2 },
    training,
  }).variants[0]!.training;
}

async function run(trainer: Trainer, steps: number): Promise<number[]> {
  const losses: number[] = [];
  while (losses.length < steps) losses.push((await trainer.step()).loss);
  return losses;
}

const bits = (state: StateArrays): unknown =>
  [...state].map(([name, { shape, data }]) => [
    name,
    shape,
    [...new Uint32Array(data.buffer, data.byteOffset, data.length)],
  ]);

test('the loss of a fixed seed falls as recorded', async () => {
  const losses = await run(createTrainer(model, options({ precision: 'f32' }), windows), 40);
  // the last digits may differ between processors: WebAssembly leaves open whether a product is rounded before a sum
  expect([0, 9, 19, 39].map((i) => losses[i]!.toFixed(2))).toMatchInlineSnapshot(`
    [
      "2.53",
      "1.20",
      "0.47",
      "0.18",
    ]
  `);
});

describe.each([
  ['f32', {}],
  ['bf16', { dropout: 0.2 }],
  ['fp16', { lossScale: 2 ** 15, lossScaleInterval: 3 }],
] as const)('%s', (precision, changes) => {
  test('a run that goes on from its state gives the weights of an unbroken one, bit for bit', async () => {
    const training = options({ precision, ...changes });
    const unbroken = createTrainer(model, training, windows);
    await run(unbroken, 20);
    const first = createTrainer(model, training, windows);
    await run(first, 9);
    const saved = { state: await first.saveState(), progress: first.progress };
    first.dispose();
    const second = createTrainer(model, training, windows, saved);
    const report = await second.step();
    expect(report.step).toBe(10);
    await run(second, 10);
    expect(second.progress).toEqual(unbroken.progress);
    expect(bits(await second.saveState())).toEqual(bits(await unbroken.saveState()));
  });

  test('learns what follows', async () => {
    const training = options({ precision, ...changes, steps: 120, dropout: 0 });
    const losses = await run(createTrainer(model, training, windows), 120);
    expect(losses.at(-1)).toBeLessThan(0.2);
  });
});

test('an fp16 step that overflows changes nothing but the scale', async () => {
  const training = options({ precision: 'fp16', lossScale: 2 ** 24 });
  const trainer = createTrainer(model, training, windows);
  const before = bits(await trainer.saveState());
  const report = await trainer.step();
  expect(report).toMatchObject({
    skipped: true,
    step: 1,
    updates: 0,
    lossScale: { scale: 2 ** 23, goodSteps: 0 },
  });
  expect(Number.isFinite(report.loss)).toBe(true);
  expect(bits(await trainer.saveState())).toEqual(before);
  let last = report;
  while (last.skipped) last = await trainer.step();
  expect(last.updates).toBe(1);
  expect(bits(await trainer.saveState())).not.toEqual(before);
});

test('a training that diverges stops with its step and what was saved last', async () => {
  const training = options({ precision: 'f32', learningRate: 1e30, clipNorm: null, warmupSteps: 0 });
  const trainer = createTrainer(model, training, windows, undefined, () => 'step-1');
  const error = await run(trainer, 10).catch((e) => e);
  expect(error).toBeInstanceOf(DivergedError);
  expect(error.step).toBeGreaterThan(1);
  expect(error.message).toMatch(
    /^pretrain: (loss|gradient) not finite at step \d+, expected a finite number, received .+\. step-1 is the last that was saved\./,
  );
});

test('an fp16 training whose every step overflows has diverged too', async () => {
  const training = options({ precision: 'fp16', lossScale: 1, learningRate: 1e30, warmupSteps: 0 });
  const error = await run(createTrainer(model, training, windows), 40).catch((e) => e);
  expect(error.message).toContain('pretrain: loss scale too small at step ');
});

test('the seed decides weights and order', async () => {
  const first = (seed: number): Promise<number[]> =>
    run(createTrainer(model, options({ seed, precision: 'f32' }), windows), 3);
  expect(await first(1)).toEqual(await first(1));
  expect(await first(1)).not.toEqual(await first(2));
});
