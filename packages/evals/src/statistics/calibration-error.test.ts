import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { calibrationError } from './calibration-error.ts';

test('by hand: two bins', () => {
  const sure = [Math.log(0.9), Math.log(0.1)];
  const unsure = [Math.log(0.4), Math.log(0.6)];
  const { error, bins } = calibrationError([sure, sure, unsure, unsure], [0, 1, 1, 1], 5);
  expect(bins.map(({ n }) => n)).toEqual([0, 0, 2, 0, 2]); // 0.6 closes the third bin; 0.9 is in the fifth
  expect(bins[4]!.confidence).toBeCloseTo(0.9, 14);
  expect(bins[4]!.accuracy).toBe(0.5);
  expect(error).toBeCloseTo(0.5 * 0.4 + 0.5 * 0.4, 14);
});

test('a model that is right as often as it says', () => {
  const even = [0, 0];
  expect(calibrationError([even, even], [0, 1]).error).toBeCloseTo(0, 14);
});

test('refuses lists that do not match', () => {
  expect(() => calibrationError([], [])).toThrow(InvalidInputError);
  expect(() => calibrationError([[0, 0]], [0, 1])).toThrow(InvalidInputError);
  expect(() => calibrationError([[0, 0]], [0], 0)).toThrow(InvalidInputError);
});
