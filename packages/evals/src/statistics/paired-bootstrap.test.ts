import { createRng, InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { mean } from '../metrics/mean.ts';
import { pairedBootstrap } from './paired-bootstrap.ts';
import { pairedDifference } from './paired-difference.ts';

const rng = createRng(1);
const before = Array.from({ length: 200 }, () => rng.normal());
const after = before.map((x) => x - 0.1 + 0.3 * rng.normal());
const difference = (items: readonly number[]): number => mean(items.map((i) => after[i]! - before[i]!));

test('agrees with the formula for a mean, and repeats by its seed', () => {
  const result = pairedBootstrap(200, difference, { seed: 7, iterations: 4000 });
  const { stderr, confidence95 } = pairedDifference(before, after);
  expect(Math.abs(result.stderr / stderr! - 1)).toBeLessThan(0.05);
  expect(Math.abs(result.confidence95[0] - confidence95![0])).toBeLessThan(0.005);
  expect(Math.abs(result.confidence95[1] - confidence95![1])).toBeLessThan(0.005);
  expect(result.p).toBeLessThan(0.01);
  expect(pairedBootstrap(200, difference, { seed: 7, iterations: 4000 })).toEqual(result);
  expect(pairedBootstrap(200, difference, { seed: 8, iterations: 4000 })).not.toEqual(result);
});

test('whole clusters are drawn', () => {
  const clusters = before.map((_, i) => i % 10);
  pairedBootstrap(
    200,
    (items) => {
      expect(items.length).toBe(200);
      const counts = new Map<number, number>();
      for (const i of items) counts.set(i % 10, (counts.get(i % 10) ?? 0) + 1);
      for (const count of counts.values()) expect(count % 20).toBe(0);
      return 0;
    },
    { clusters, iterations: 5 },
  );
});

test('nothing changed: p is 1', () => {
  expect(pairedBootstrap(5, () => 0, { iterations: 100 })).toEqual({
    confidence95: [0, 0],
    stderr: 0,
    p: 1,
  });
});

test('refuses bad counts and NaN', () => {
  expect(() => pairedBootstrap(0, () => 0)).toThrow(InvalidInputError);
  expect(() => pairedBootstrap(3, () => 0, { iterations: 1 })).toThrow(InvalidInputError);
  expect(() => pairedBootstrap(3, () => Number.NaN)).toThrow('a replicate is NaN (replicate 0)');
});
