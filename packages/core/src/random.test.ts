import { describe, expect, it } from 'vitest';
import { createRng } from './index.ts';
import { fromState } from './random.ts';

describe('createRng', () => {
  it('is xoshiro128** 1.1', () => {
    const rng = fromState([1, 2, 3, 4]);
    // the authors' algorithm, transcribed to Python integers, from the state 1, 2, 3, 4
    const expected = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849];
    expect(expected.map(() => rng.uint32())).toEqual(expected);
  });

  it('gives the same stream for the same seed, another for another', () => {
    const draw = (seed: number) => {
      const rng = createRng(seed);
      return Array.from({ length: 20 }, () => rng.uint32());
    };
    expect(draw(7)).toEqual(draw(7));
    const seeds = [0, 1, 2, 7, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1];
    expect(new Set(seeds.map((seed) => draw(seed).join())).size).toBe(seeds.length);
  });

  it('keeps its streams: seeds in old records must repeat', () => {
    const rng = createRng(42);
    expect([rng.uint32(), rng.uint32(), rng.int(1000), rng.uniform()]).toMatchInlineSnapshot(`
      [
        2837322924,
        544945897,
        282,
        0.814939410083783,
      ]
    `);
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('refuses the seed %f', (seed) => {
    expect(() => createRng(seed)).toThrow('createRng: bad seed, expected an integer in [0, 2^53)');
  });

  it('draws uniform numbers in [0, 1) with the right moments', () => {
    const rng = createRng(1);
    const n = 100_000;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const x = rng.uniform();
      expect(x >= 0 && x < 1).toBe(true);
      sum += x;
      squares += x * x;
    }
    expect(Math.abs(sum / n - 1 / 2)).toBeLessThan(0.005); // 5 standard errors
    expect(Math.abs(squares / n - 1 / 3)).toBeLessThan(0.005);
  });

  it('draws integers evenly, without bias to small ones', () => {
    const rng = createRng(2);
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 60_000; i++) counts[rng.int(6)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect(rng.int(1)).toBe(0);
    expect(rng.int(2 ** 32)).toBeLessThan(2 ** 32);
    expect(() => rng.int(0)).toThrow('bad bound');
  });

  it('draws normal numbers with mean 0, variance 1 and kurtosis 3', () => {
    const rng = createRng(3);
    const x = Array.from({ length: 100_000 }, () => rng.normal());
    const moment = (k: number) => x.reduce((sum, v) => sum + v ** k, 0) / x.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.016);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.023);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.16);
  });

  it('shuffles without losing anything, every order about equally often', () => {
    const rng = createRng(4);
    const orders = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const order = rng.shuffle(['a', 'b', 'c']).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect([...orders.keys()].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
    for (const count of orders.values()) expect(Math.abs(count - 2000)).toBeLessThan(220);
    expect(['x', 'y']).toContain(rng.pick(['x', 'y']));
  });
});
