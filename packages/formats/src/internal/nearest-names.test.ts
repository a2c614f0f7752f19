import { describe, expect, it } from 'vitest';
import { didYouMean, nearestNames } from './nearest-names.ts';

describe('nearestNames', () => {
  it('gives the nearest three, nearest first, ties by name', () => {
    const known = ['w10', 'w1', 'w2', 'w3', 'bias'];
    expect(nearestNames('w1x', known)).toEqual(['w1', 'w10']);
    expect(nearestNames('w0', known)).toEqual(['w1', 'w10', 'w2']);
  });

  it('ignores case and gives nothing when nothing is near', () => {
    expect(nearestNames('LM_HEAD', ['lm_head'])).toEqual(['lm_head']);
    expect(nearestNames('abc', ['xyz', 'something else'])).toEqual([]);
    expect(didYouMean('abc', [])).toBeUndefined();
  });

  it('stays quick on hostile names', () => {
    const known = Array.from({ length: 100_000 }, (_, i) => `${i}`.padStart(128, 'x'));
    const start = performance.now();
    expect(nearestNames('x'.repeat(1e6), known)).toEqual([]);
    nearestNames('x'.repeat(128), known);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
