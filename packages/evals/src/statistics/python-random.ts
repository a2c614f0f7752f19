/**
 * @file The random numbers of CPython's `random.Random`: MT19937 seeded with `init_by_array`, 53-bit floats. Only the literal bootstrap of
 * lm-evaluation-harness needs them; everything of ours draws from `createRng` of core.
 */
import { InvalidInputError } from '@bitcliff/core';

const N = 624; // words of state, Matsumoto and Nishimura 1998
const M = 397;

/** The part of Python's `random.Random` that the harness uses. */
export interface PythonRandom {
  /** `random()`: uniform in [0, 1), 53 bits. */
  random(): number;
  /** One draw of `choices(range(n))`: floor(random() · n). */
  choice(n: number): number;
}

/**
 * `random.Random(seed)` of CPython.
 * @param seed integer in [0, 2^32)
 * @throws {InvalidInputError} on another seed
 * @example
 * createPythonRandom(0).random(); // 0.8444218515250481
 * @see CPython 3.11 Modules/_randommodule.c init_by_array(), genrand_uint32()
 */
export function createPythonRandom(seed: number): PythonRandom {
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new InvalidInputError({
      op: 'createPythonRandom',
      problem: 'bad seed',
      expected: 'an integer in [0, 2^32)',
      received: seed,
    });
  }
  const state = seedState(seed);
  let next = N;
  const uint32 = (): number => {
    if (next === N) {
      twist(state);
      next = 0;
    }
    let y = state[next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
  const random = (): number => ((uint32() >>> 5) * 67108864 + (uint32() >>> 6)) / 9007199254740992;
  return { random, choice: (n) => Math.floor(random() * n) };
}

/** init_by_array([seed]) */
function seedState(seed: number): Uint32Array {
  const state = new Uint32Array(N);
  state[0] = 19650218;
  for (let i = 1; i < N; i++) state[i] = mix(state[i - 1]!, 1812433253) + i;
  let i = 1;
  const step = (): void => {
    i++;
    if (i < N) return;
    state[0] = state[N - 1]!;
    i = 1;
  };
  for (let k = 0; k < N; k++) {
    state[i] = (state[i]! ^ mix(state[i - 1]!, 1664525)) + seed; // the key has one word, so its index adds 0
    step();
  }
  for (let k = 1; k < N; k++) {
    state[i] = (state[i]! ^ mix(state[i - 1]!, 1566083941)) - i;
    step();
  }
  state[0] = 0x80000000;
  return state;
}

function mix(word: number, factor: number): number {
  return Math.imul(word ^ (word >>> 30), factor);
}

/** The next 624 words, in place. */
function twist(state: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff);
    state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}
