import { expect, test } from 'vitest';
import { argmax, topTwoMargin } from './argmax.ts';

test('argmax: the first of equals', () => {
  expect(argmax([-3, -1, -1])).toBe(1);
  expect(argmax([-Infinity, -Infinity])).toBe(0);
});

test('margin of the best two', () => {
  expect(topTwoMargin([-3, -1, -1.5])).toBe(0.5);
  expect(topTwoMargin([-2, -2])).toBe(0);
  expect(topTwoMargin([-Infinity, -Infinity])).toBe(0);
  expect(topTwoMargin([-1, -Infinity])).toBe(Infinity);
});
