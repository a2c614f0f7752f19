import { createRng } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { massiveActivations } from './massive-activations.ts';

test('finds what is at least 100 and at least 1000 times the median', () => {
  const x = Float32Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 0.1 : -0.2));
  x[13] = -250; // token 1, feature 3
  x[27] = 99.9;
  expect(massiveActivations(x, 10)).toEqual([
    { token: 1, feature: 3, value: -250, ratio: -x[13]! / Math.fround(0.1) },
  ]);
  expect(massiveActivations(x, 10, { least: 99, ratio: 100 })).toHaveLength(2);
  expect(massiveActivations(x, 10, { ratio: 2600 })).toEqual([]);
  expect(massiveActivations(Float32Array.of(0, 0, 0, 120), 2)).toEqual([
    { token: 1, feature: 1, value: 120, ratio: null },
  ]);
});

test('its median is that of the sorted magnitudes', () => {
  const rng = createRng(4);
  for (const n of [1, 2, 7, 100]) {
    const x = Float32Array.from({ length: n }, () => rng.normal());
    x[0] = 1e6;
    const sorted = Float32Array.from(x, Math.abs).sort();
    expect(massiveActivations(x, n, { ratio: 0 })[0]!.ratio).toBe(1e6 / sorted[Math.floor((n - 1) / 2)]!);
  }
});
