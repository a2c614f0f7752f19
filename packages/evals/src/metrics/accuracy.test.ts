import { InternalError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { scoreItem } from '../scoring/score-item.ts';
import { accuracy, normalizedAccuracy } from './accuracy.ts';

const sample = (gold: number, logProbs: number[]) =>
  scoreItem(
    'multiple_choice',
    0,
    { requests: [], choices: ['ab', 'abcdef'], gold },
    logProbs.map((logProb) => ({ logProb, isGreedy: false })),
  );

test('share of correct items, plain and per code point', () => {
  const samples = [sample(0, [-4, -6]), sample(1, [-4, -6]), sample(1, [-4, -6]), sample(1, [-9, -6])];
  expect(accuracy.aggregate(samples).value).toBe(0.5);
  expect(accuracy.aggregate(samples).stderr).toBeCloseTo(Math.sqrt(1 / 3) / 2, 15);
  expect(normalizedAccuracy.aggregate(samples).value).toBe(0.75);
});

test('acc_norm of a task without choices is a defect', () => {
  const bare = scoreItem('loglikelihood', 0, { requests: [], choices: [], gold: null }, []);
  expect(() => normalizedAccuracy.aggregate([bare])).toThrow(InternalError);
});
