import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { mean, meanStderr } from '../metrics/mean.ts';
import { bootstrapStderr } from './bootstrap-stderr.ts';
import { createPythonRandom } from './python-random.ts';

test('of a mean: near the formula', () => {
  const values = Array.from({ length: 100 }, (_, i) => i % 7);
  const formula = meanStderr(values)! * Math.sqrt(99 / 100);
  expect(Math.abs(bootstrapStderr(values, mean, 4000) / formula - 1)).toBeLessThan(0.05);
});

test('a last chunk that is not full is left out; fewer than a chunk are one', () => {
  expect(bootstrapStderr([1, 5, 2], mean, 2999)).toBe(bootstrapStderr([1, 5, 2], mean, 2000));
  expect(bootstrapStderr([1, 5, 2], mean, 500)).not.toBe(bootstrapStderr([1, 5, 2], mean, 1000));
});

test('refuses what makes no sense', () => {
  expect(() => bootstrapStderr([], mean)).toThrow(InvalidInputError);
  expect(() => bootstrapStderr([1], mean, 1)).toThrow('expected an integer of at least 2, received 1');
  for (const seed of [-1, 0.5, 2 ** 32]) expect(() => createPythonRandom(seed)).toThrow(InvalidInputError);
});
