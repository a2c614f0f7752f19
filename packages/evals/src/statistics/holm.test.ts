import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { holm } from './holm.ts';

test.each([
  [[], []],
  [[0.02], [0.02]],
  [
    [0.01, 0.04, 0.03],
    [0.03, 0.06, 0.06],
  ],
  [
    [0.5, 0.9, 0.0001, 0.6],
    [1, 1, 0.0004, 1],
  ],
  [
    [0.01, 0.01],
    [0.02, 0.02],
  ],
])('holm(%j)', (pValues, expected) => {
  const adjusted = holm(pValues);
  expect(adjusted.length).toBe(expected.length);
  for (const [i, p] of adjusted.entries()) expect(p).toBeCloseTo(expected[i]!, 14);
});

test.each([-0.1, 1.1, Number.NaN])('refuses %d', (p) => {
  expect(() => holm([0.5, p])).toThrow(InvalidInputError);
  expect(() => holm([0.5, p])).toThrow('(test 1)');
});
