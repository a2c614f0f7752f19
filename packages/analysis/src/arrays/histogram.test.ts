import { expect, test } from 'vitest';
import { histogram, sharedBins } from './histogram.ts';
import { createMagnitudeCounter, magnitudeHistogram } from './magnitude-histogram.ts';

test('bins hold their lower edge, the last one both; the rest is counted beside', () => {
  expect(histogram([-2, 0, 0.5, 1, 2, 3, 4, 4.1], { min: 0, max: 4, bins: 4 })).toEqual({
    min: 0,
    max: 4,
    counts: [2, 1, 1, 2],
    below: 1,
    above: 1,
  });
  expect(() => histogram([1], { min: 1, max: 1, bins: 3 })).toThrow('received 3 bins from 1 to 1');
});

test('shared bins span all variants', () => {
  expect(sharedBins([[1, 2], [-3]], 8)).toEqual({ min: -3, max: 2, bins: 8 });
  expect(sharedBins([[2, 2]], 4)).toEqual({ min: 1.5, max: 2.5, bins: 4 });
});

test('magnitudes: four bins per power of two, edges belong to the bin below', () => {
  const { zero, edges, counts } = magnitudeHistogram(Float32Array.of(0, -0, 1, -1, 1.1, 2, 6, -6.0001, 1.5));
  expect(zero).toBe(2);
  expect(edges.slice(0, 6)).toEqual([0.875, 1, 1.25, 1.5, 1.75, 2]);
  expect(counts.slice(0, 5)).toEqual([2, 1, 1, 0, 1]);
  const above = (least: number): number =>
    counts.reduce((sum, count, i) => sum + (edges[i]! >= least ? count : 0), 0);
  expect(above(1)).toBe(5);
  expect(above(6)).toBe(1);
  expect(edges.at(-1)).toBe(7);
});

test('magnitudes: the ends of the range', () => {
  expect(magnitudeHistogram(new Float32Array(3))).toEqual({ zero: 3, edges: [], counts: [] });
  const { edges, counts } = magnitudeHistogram(Float32Array.of(2 ** -149, 3.4e38));
  expect(edges[0]).toBe(0);
  expect(edges.at(-1)).toBe(3.4028234663852886e38);
  expect(counts[0]! + counts.at(-1)!).toBe(2);
  expect(() => magnitudeHistogram(Float32Array.of(1, Number.NaN))).toThrow('a value is NaN');
});

test('magnitude counter: whether a magnitude may have been reached', () => {
  const counter = createMagnitudeCounter();
  expect([counter.reaches(0), counter.reaches(1e-30)]).toEqual([true, false]);
  counter.add(Float32Array.of(0, 0.5, -99));
  // the bin of 99 is (96, 112]
  expect([counter.reaches(99), counter.reaches(112), counter.reaches(112.5)]).toEqual([true, true, false]);
  counter.add(Float32Array.of(Number.NEGATIVE_INFINITY));
  expect(counter.reaches(3e38)).toBe(true);
});
