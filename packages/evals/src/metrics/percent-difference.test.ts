import { InvalidInputError, ShapeError } from '@bitcliff/core';
import { describe, expect, test } from 'vitest';
import { mean } from './mean.ts';
import { averagePercentDifference } from './percent-difference.ts';

/**
 * Published scores of arXiv 2305.19268: Table 4 (52B) and appendix A.3 (the rest), as printed there.
 * Tasks: PIQA, HellaSwag, WinoGrande, LAMBADA, Copa, Copa100, StoryCloze, Paralex.
 */
const BASELINE_52B = [83.19, 82.48, 70.01, 75.47, 79.4, 81.0, 85.87, 61.05];
const W4_52B = [80.2, 72.22, 66.3, 66.85, 78.2, 83.0, 82.56, 60.43];
const PUBLISHED = [
  {
    name: 'wd=0.1 (gc=none)',
    before: [75.35, 60.58, 55.41, 56.59, 73.2, 71.0, 77.02, 58.75],
    after: [75.35, 60.36, 55.25, 57.69, 73.2, 70.0, 76.7, 58.62],
    percent: -0.09,
  },
  {
    name: 'dtype=bf16 (wd=0.1)',
    before: [75.68, 60.92, 55.96, 57.6, 71.4, 71.0, 75.81, 59.05],
    after: [75.95, 60.7, 56.83, 58.32, 71.4, 71.0, 75.62, 59.06],
    percent: 0.32,
  },
  {
    name: 'dtype=fp16 (wd=0.01)',
    before: [74.81, 58.11, 54.93, 57.31, 70.2, 71.0, 74.67, 58.25],
    after: [73.61, 56.9, 54.22, 53.02, 71.6, 69.0, 74.67, 57.92],
    percent: -1.73,
  },
];

test.each(PUBLISHED)('$name: $percent % as published', ({ before, after, percent }) => {
  expect(Math.abs(averagePercentDifference(before, after) - percent)).toBeLessThan(0.01);
});

test('averages of the 52B model, and that their difference is another number', () => {
  expect(mean(BASELINE_52B)).toBeCloseTo(77.31, 2);
  expect(mean(W4_52B)).toBeCloseTo(73.72, 2);
  expect(mean(W4_52B) - mean(BASELINE_52B)).toBeCloseTo(-3.6, 1); // "3.6 % drop" in its text
  expect(averagePercentDifference(BASELINE_52B, W4_52B)).toBeCloseTo(-4.58, 2); // not published: the formula by hand
});

describe('refuses', () => {
  test('lists of different length', () => {
    expect(() => averagePercentDifference([1, 2], [1])).toThrow(ShapeError);
  });
  test('no scores', () => {
    expect(() => averagePercentDifference([], [])).toThrow(InvalidInputError);
  });
  test('a baseline of zero, naming the task', () => {
    expect(() => averagePercentDifference([1, 0], [1, 1])).toThrow(
      'averagePercentDifference: baseline score is zero, expected a score other than 0, received 0 (task 1)',
    );
  });
  test('a score that is not finite', () => {
    expect(() => averagePercentDifference([1], [Number.NaN])).toThrow('received 1 and NaN');
  });
});
