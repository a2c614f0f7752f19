import { createRng, ShapeError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { pairedDifference } from './paired-difference.ts';

const rng = createRng(3);
const before = Array.from({ length: 40 }, () => rng.int(2));
const after = before.map((hit) => (rng.uniform() < 0.2 ? 1 - hit : hit));

test('items alone in their clusters: the plain paired error, both forms', () => {
  const plain = pairedDifference(before, after);
  expect(plain.clusteredStderr).toBeNull();
  const alone = pairedDifference(
    before,
    after,
    before.map(() => null),
  );
  expect(alone.clusteredStderrMiller).toBeCloseTo(plain.stderr!, 14);
  expect(alone.clusteredStderr).toBeCloseTo(plain.stderr! * Math.sqrt(39 / 40), 14);
});

test('the paired error is that of se² = a² + b² − 2ab·corr', () => {
  const { stderr, unpairedStderr, correlation } = pairedDifference(before, after);
  const zeros = before.map(() => 0);
  const seOf = (list: number[]): number => pairedDifference(zeros, list).stderr!;
  const expected = unpairedStderr! ** 2 - 2 * seOf(before) * seOf(after) * correlation!;
  expect(stderr! ** 2).toBeCloseTo(expected, 14);
});

test('twice the same items in clusters of two: the error of one copy', () => {
  const double = (list: number[]) => [...list, ...list];
  const clusters = double(before.map((_, i) => i));
  const { clusteredStderr } = pairedDifference(double(before), double(after), clusters);
  expect(clusteredStderr).toBeCloseTo(pairedDifference(before, after).stderr! * Math.sqrt(39 / 40), 14);
});

test('one item has no error, equal lists no correlation to speak of', () => {
  expect(pairedDifference([1], [0])).toMatchObject({ difference: -1, stderr: null, confidence95: null });
  expect(pairedDifference([1, 1], [1, 1])).toMatchObject({ difference: 0, stderr: 0, correlation: null });
});

test('refuses lists of other items', () => {
  expect(() => pairedDifference([1], [1, 0])).toThrow(ShapeError);
  expect(() => pairedDifference([], [])).toThrow(ShapeError);
  expect(() => pairedDifference([1, 0], [1, 0], ['a'])).toThrow(ShapeError);
});
