import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { mean, meanStderr } from './mean.ts';

test('mean', () => {
  expect(mean([1, 2, 6])).toBe(3);
  expect(() => mean([])).toThrow(InvalidInputError);
});

test('standard error: null up to one value, zero for equal ones', () => {
  expect(meanStderr([])).toBeNull();
  expect(meanStderr([1])).toBeNull();
  expect(meanStderr([2, 2, 2])).toBe(0);
  expect(meanStderr([0, 1])).toBeCloseTo(0.5, 15);
});
