import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { minimumDetectableDifference } from './minimum-detectable-difference.ts';
import { quantile } from './quantile.ts';
import { wilsonInterval } from './wilson.ts';

test('smallest detectable difference: the two examples of the specification', () => {
  expect(100 * minimumDetectableDifference(0.06, 1838)).toBeCloseTo(1.6, 1);
  expect(100 * minimumDetectableDifference(0.06, 100)).toBeCloseTo(6.9, 1);
  expect(() => minimumDetectableDifference(-1, 10)).toThrow(InvalidInputError);
  expect(() => minimumDetectableDifference(1, 0)).toThrow(InvalidInputError);
});

test("Wilson's interval", () => {
  const [low, high] = wilsonInterval(15, 148); // Newcombe 1998, table I: 0.0624, 0.1605
  expect(low).toBeCloseTo(0.0624, 4);
  expect(high).toBeCloseTo(0.1605, 4);
  expect(wilsonInterval(0, 20)[0]).toBe(0); // Newcombe: 0 of 20 gives 0 to 0.1611
  expect(wilsonInterval(0, 20)[1]).toBeCloseTo(0.1611, 4);
  expect(wilsonInterval(20, 20)[1]).toBe(1);
  expect(() => wilsonInterval(3, 2)).toThrow(InvalidInputError);
});

test('quantiles', () => {
  expect(quantile([5], 0.3)).toBe(5);
  expect(quantile([1, 2], 1)).toBe(2);
  expect(quantile([-Infinity, -Infinity, 0], 0.25)).toBe(-Infinity);
  expect(() => quantile([], 0.5)).toThrow(InvalidInputError);
  expect(() => quantile([1], 1.5)).toThrow(InvalidInputError);
});
