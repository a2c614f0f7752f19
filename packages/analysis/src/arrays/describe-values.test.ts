import { createRng } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { describeValues } from './describe-values.ts';

test('moments by hand', () => {
  expect(describeValues([1, 2, 3, 4])).toEqual({
    count: 4,
    min: 1,
    max: 4,
    mean: 2.5,
    std: Math.sqrt(1.25),
    skew: 0,
    kurtosis: 1.64,
  });
  // m2 = 3, m3 = 6, m4 = 21
  const { std, skew, kurtosis } = describeValues([0, 0, 0, 4]);
  expect(std).toBeCloseTo(Math.sqrt(3), 14);
  expect(skew).toBeCloseTo(6 / 3 ** 1.5, 14);
  expect(kurtosis).toBeCloseTo(21 / 9, 14);
});

test('a normal distribution has skew 0 and kurtosis 3', () => {
  const rng = createRng(1);
  const { mean, std, skew, kurtosis } = describeValues(
    Float32Array.from({ length: 200_000 }, () => 5 + 2 * rng.normal()),
  );
  expect(mean).toBeCloseTo(5, 1);
  expect(std).toBeCloseTo(2, 1);
  expect(skew).toBeCloseTo(0, 1);
  expect(kurtosis).toBeCloseTo(3, 1);
});

test('equal values have no shape, and what is not finite is refused', () => {
  expect(describeValues([0.1, 0.1, 0.1])).toMatchObject({ std: 0, skew: null, kurtosis: null });
  expect(() => describeValues([])).toThrow('describeValues: nothing that could be described');
  expect(() => describeValues([1, Number.NaN])).toThrow('received NaN or an infinity');
});
