import { expect, test } from 'vitest';
import { rankCorrelation } from './rank-correlation.ts';

test('Spearman by hand, ties share a rank', () => {
  expect(rankCorrelation([1, 2, 3], [10, 100, 1000])).toBe(1);
  expect(rankCorrelation([1, 2, 3], [3, 2, 1])).toBe(-1);
  // ranks 1 2.5 2.5 4 and 1 3 2 4: 4.5 / sqrt(4.5 · 5)
  expect(rankCorrelation([1, 2, 2, 3], [1, 7, 4, 9])).toBeCloseTo(Math.sqrt(0.9), 14);
  expect(rankCorrelation([1, 1], [1, 2])).toBeNull();
  expect(() => rankCorrelation([1], [1, 2])).toThrow('lists of two lengths, expected 1, received 2');
});
