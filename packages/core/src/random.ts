/**
 * @file Seeded random numbers: xoshiro128** 1.1 (Blackman and Vigna, public domain) on 32-bit words, seeded through SplitMix32.
 * The sequence of a seed is part of the contract: studies are repeated by their seed.
 */
import { InvalidInputError } from './errors.ts';

/** A stream of pseudo-random numbers; equal seeds give equal streams on every machine. */
export interface Rng {
  /** Next 32 random bits, an integer in [0, 2^32). */
  uint32(): number;
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform integer in [0, n), without modulo bias. @param n integer in [1, 2^32] */
  int(n: number): number;
  /** Standard normal (Box–Muller). */
  normal(): number;
  /** Shuffle in place (Fisher–Yates) and return the same array. */
  shuffle<T>(items: T[]): T[];
  /** One element of a non-empty array. */
  pick<T>(items: readonly T[]): T;
}

/**
 * @param seed integer in [0, 2^53)
 * @throws {InvalidInputError} when the seed is not such an integer
 * @example
 * createRng(7).uint32() === createRng(7).uint32(); // true
 */
export function createRng(seed: number): Rng {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new InvalidInputError({
      op: 'createRng',
      problem: 'bad seed',
      expected: 'an integer in [0, 2^53)',
      received: seed,
    });
  }
  let mix = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b9)) >>> 0;
  const splitMix32 = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  return fromState([splitMix32(), splitMix32(), splitMix32(), splitMix32()]);
}

/** A stream from the generator's raw state, for tests against the authors' program. */
export function fromState(state: readonly [number, number, number, number]): Rng {
  let [a, b, c, d] = state;
  let spareNormal: number | undefined;

  const uint32 = (): number => {
    const x = Math.imul(b, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const uniform = (): number => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992;
  const int = (n: number): number => {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new InvalidInputError({
        op: 'Rng.int',
        problem: 'bad bound',
        expected: 'an integer in [1, 2^32]',
        received: n,
      });
    }
    const limit = 2 ** 32 - (2 ** 32 % n); // values at or above it would favour small results
    let value = uint32();
    while (value >= limit) value = uint32();
    return value % n;
  };
  const normal = (): number => {
    if (spareNormal !== undefined) {
      const value = spareNormal;
      spareNormal = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  const shuffle = <T>(items: T[]): T[] => {
    for (let i = items.length - 1; i > 0; i--) {
      const j = int(i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  };
  return { uint32, uniform, int, normal, shuffle, pick: (items) => items[int(items.length)]! };
}
