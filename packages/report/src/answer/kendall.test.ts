import { describe, expect, it } from 'vitest';
import { kendall } from './kendall.ts';
import { twoSided } from './training-rules.ts';

/** All orders of 0 … n − 1. */
function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]),
  );
}

describe('kendall', () => {
  it('has the p-value of counting all orders', () => {
    const x = [0, 1, 2, 3, 4, 5];
    const all = permutations(6).map((y) => kendall(x, y)!);
    for (const { tau, p } of all) {
      const asFar = all.filter((other) => Math.abs(other.tau) >= Math.abs(tau) - 1e-12).length / all.length;
      expect(p).toBeCloseTo(Math.min(1, asFar), 12);
    }
  });

  it('is symmetric, and 1 for one order', () => {
    expect(kendall([1, 2, 3, 4], [10, 20, 30, 40])).toEqual({ tau: 1, p: expect.closeTo(2 / 24, 12) });
    expect(kendall([1, 2, 3, 4], [4, 3, 2, 1])!.tau).toBe(-1);
  });

  it('has no answer for two points, or ties', () => {
    expect(kendall([1, 2], [1, 2])).toBeNull();
    expect(kendall([1, 1, 2], [1, 2, 3])).toBeNull();
  });
});

describe('twoSided', () => {
  it.each([
    [0, 1],
    [1, 0.3173105078629141],
    [1.959963984540054, 0.05],
    [-2.5758293035489004, 0.01],
    [5, 5.733031437583892e-7],
  ])('p of %f is %f', (z, p) => {
    expect(Math.abs(twoSided(z) - p)).toBeLessThan(1.5e-7);
  });
});
