import { createRng, ShapeError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { multiplyAdd } from './multiply-add.ts';
import { multiplyAddRef } from './multiply-add-ref.ts';

const rng = createRng(1);

describe.each([
  ['f32', (n: number) => Float32Array.from({ length: n }, () => rng.normal())],
  ['f64', (n: number) => Float64Array.from({ length: n }, () => rng.normal())],
] as const)('multiplyAdd of %s', (_, random) => {
  it.each([
    [1, 1, 1],
    [4, 8, 3],
    [5, 13, 130],
    [261, 7, 129],
    [3, 300, 257],
    [17, 9, 1500],
  ])('equals the plain loop to the bit: %i × %i, k = %i', (m, n, k) => {
    for (const sign of [1, -1] as const) {
      const [a, b, c] = [random(m * (k + 2) + 5), random(k * (n + 3)), random(m * n + 1)];
      const expected = c.slice() as typeof c;
      const blocks = [
        { data: a, offset: 5, stride: k + 2 },
        { data: b, stride: n + 3 },
      ] as const;
      multiplyAdd<Float32Array | Float64Array>({ data: c, stride: n }, ...blocks, { m, n, k }, sign);
      multiplyAddRef<Float32Array | Float64Array>(
        { data: expected, stride: n },
        ...blocks,
        { m, n, k },
        sign,
      );
      const worst = Math.max(...c.map((x, i) => Math.abs(x - expected[i]!)));
      expect(worst, `max |diff| ${worst}`).toBe(0);
    }
  });

  it('refuses a rectangle that leaves its array', () => {
    const data = random(12);
    const run = () =>
      multiplyAdd<Float32Array | Float64Array>(
        { data, stride: 4 },
        { data: random(16), stride: 4 },
        { data: random(16), stride: 4 },
        { m: 4, n: 4, k: 4 },
      );
    expect(run).toThrow(ShapeError);
    expect(run).toThrow('the 4 × 4 rectangle of C leaves its array, expected 16 elements, received 12');
  });
});
