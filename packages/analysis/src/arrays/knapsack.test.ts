import { createRng } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { type KnapsackOption, knapsack } from './knapsack.ts';

/** All choices there are. */
function bestOf(parts: KnapsackOption[][], budget: number): number {
  const [first, ...rest] = parts;
  if (first === undefined) return 0;
  let best = Number.POSITIVE_INFINITY;
  for (const { bits, loss } of first)
    if (bits <= budget) best = Math.min(best, loss + bestOf(rest, budget - bits));
  return best;
}

describe('knapsack', () => {
  it('is as good as the best of all choices, within the budget', () => {
    const rng = createRng(3);
    for (let round = 0; round < 60; round++) {
      const parts = Array.from({ length: 1 + rng.int(6) }, () =>
        Array.from({ length: 1 + rng.int(4) }, () => ({ bits: 7 * rng.int(30), loss: rng.normal() })),
      );
      const least = parts.reduce((sum, options) => sum + Math.min(...options.map(({ bits }) => bits)), 0);
      const budget = least + rng.int(300);
      const { chosen, bits, loss, exact } = knapsack(parts, budget);
      expect(exact).toBe(true);
      expect(bits).toBeLessThanOrEqual(budget);
      expect(bits).toBe(chosen.reduce((sum, o, p) => sum + parts[p]![o]!.bits, 0));
      expect(loss).toBeCloseTo(bestOf(parts, budget), 12);
    }
  });

  it('keeps the budget in coarser units, and says so', () => {
    const rng = createRng(5);
    const parts = Array.from({ length: 40 }, () =>
      Array.from({ length: 3 }, (_, o) => ({ bits: (o + 1) * 10_000_000 + rng.int(1000), loss: 3 - o })),
    );
    const { bits, exact } = knapsack(parts, 800_000_000);
    expect(exact).toBe(false);
    expect(bits).toBeLessThanOrEqual(800_000_000);
    expect(bits).toBeGreaterThan(780_000_000);
  });

  it('refuses a budget below the least, and broken options', () => {
    expect(() => knapsack([[{ bits: 5, loss: 0 }]], 4)).toThrow(
      'the budget is too small, expected at least 5 bits, received 4',
    );
    expect(() => knapsack([[]], 4)).toThrow('bad options');
    expect(() => knapsack([[{ bits: 1.5, loss: 0 }]], 4)).toThrow('received 1.5 bits');
  });
});
