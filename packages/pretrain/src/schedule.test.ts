import { expect, test } from 'vitest';
import { learningRateAt } from './schedule.ts';

const config = { steps: 30, warmupSteps: 5, learningRate: 0.02, finalFraction: 0.1 };

test('the learning rate rises in a line, then falls along half a cosine', () => {
  expect([0, 1, 4].map((step) => learningRateAt(step, config))).toEqual([0.004, 0.008, 0.02]);
  expect(learningRateAt(5, config)).toBeCloseTo(0.02, 12);
  expect(learningRateAt(5 + 25 / 2, config)).toBeCloseTo((0.02 + 0.002) / 2, 12);
  expect(learningRateAt(30, config)).toBeCloseTo(0.002, 12);
});

test('a run shorter than its warm-up only rises', () => {
  expect(learningRateAt(2, { ...config, steps: 3 })).toBeCloseTo(0.012, 12);
});

test('without warm-up the first step has the highest rate', () => {
  expect(learningRateAt(0, { ...config, warmupSteps: 0 })).toBe(0.02);
});
