import { InvalidInputError, ShapeError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { choiceDivergence } from './choice-divergence.ts';

test('by hand: ¾ and ¼ against ½ and ½; a shift of all choices changes nothing', () => {
  const before = [Math.log(3), 0];
  const expected = 0.75 * Math.log(0.75 / 0.5) + 0.25 * Math.log(0.25 / 0.5);
  expect(choiceDivergence([before], [[-20, -20]])).toBeCloseTo(expected, 14);
  expect(choiceDivergence([before, before], [[-20, -20], before])).toBeCloseTo(expected / 2, 14);
  expect(choiceDivergence([[-400, -401]], [[-900, -901]])).toBeCloseTo(0, 14);
});

test('a choice that is ruled out: nothing before, everything after', () => {
  expect(choiceDivergence([[0, -Infinity]], [[0, 0]])).toBeCloseTo(Math.LN2, 14);
  expect(choiceDivergence([[0, 0]], [[0, -Infinity]])).toBe(Infinity);
});

test('refuses other choices and items without any', () => {
  expect(() => choiceDivergence([[0, 1]], [[0]])).toThrow(ShapeError);
  expect(() => choiceDivergence([[0]], [])).toThrow(ShapeError);
  expect(() => choiceDivergence([[-Infinity, -Infinity]], [[0, 0]])).toThrow(InvalidInputError);
});
