/**
 * @file Hadamard matrices of orders that hidden sizes have: powers of two by doubling, and orders q + 1 and 2 (q + 1) of a prime q by
 * Paley's constructions, doubled as often as it takes.
 */
import { UnsupportedError } from '@bitcliff/core';

/** A Hadamard matrix as the product of a small one, of order `base`, and the doubling of `base` to `size`. */
export interface HadamardOrder {
  readonly size: number;
  /** Order of the small matrix; 1 when the size is a power of two. */
  readonly base: number;
  /** i8[base × base], entries ±1. */
  readonly matrix: Int8Array;
}

/**
 * @param size order
 * @throws {UnsupportedError} when no construction here has that order
 */
export function hadamardOrder(size: number): HadamardOrder {
  if (Number.isSafeInteger(size) && size >= 1) {
    for (let base = size; base >= 1 && Number.isInteger(base); base /= 2) {
      const matrix = smallHadamard(base);
      if (matrix !== null) return { size, base, matrix };
    }
  }
  throw new UnsupportedError({
    op: 'hadamardOrder',
    problem: 'no Hadamard matrix of that order is constructed here',
    expected: 'a power of two times 1, or q + 1 (q prime, q ≡ 3 mod 4), or 2 (q + 1) (q prime, q ≡ 1 mod 4)',
    received: size,
  });
}

function smallHadamard(order: number): Int8Array | null {
  if (order === 1) return Int8Array.of(1);
  if (order % 4 !== 0) return null;
  if (isPrime(order - 1)) return paleyFirst(order - 1);
  const q = order / 2 - 1;
  return q % 4 === 1 && isPrime(q) ? paleySecond(q) : null;
}

/** χ(a): 1 for a square modulo q, −1 for no square, 0 for 0. */
function quadraticCharacters(q: number): Int8Array {
  const characters = new Int8Array(q).fill(-1);
  for (let x = 1; x < q; x++) characters[(x * x) % q] = 1;
  characters[0] = 0;
  return characters;
}

/** I + [[0, 1ᵀ], [−1, Q]] with Q_ij = χ(i − j), q ≡ 3 mod 4. */
function paleyFirst(q: number): Int8Array {
  const n = q + 1;
  const chi = quadraticCharacters(q);
  const out = new Int8Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const skew = i === 0 ? Number(j > 0) : j === 0 ? -1 : chi[(i - j + q) % q]!;
      out[i * n + j] = skew + Number(i === j);
    }
  }
  return out;
}

/** C ⊗ [[1, 1], [1, −1]] + I ⊗ [[1, −1], [−1, −1]] with C = [[0, 1ᵀ], [1, Q]], q ≡ 1 mod 4. */
function paleySecond(q: number): Int8Array {
  const half = q + 1;
  const n = 2 * half;
  const chi = quadraticCharacters(q);
  const out = new Int8Array(n * n);
  for (let i = 0; i < half; i++) {
    for (let j = 0; j < half; j++) {
      const c = i === j ? 0 : i === 0 || j === 0 ? 1 : chi[(i - j + q) % q]!;
      const block = i === j ? [1, -1, -1, -1] : [c, c, c, -c];
      for (let b = 0; b < 4; b++) out[(2 * i + (b >> 1)) * n + 2 * j + (b & 1)] = block[b]!;
    }
  }
  return out;
}

function isPrime(n: number): boolean {
  if (n < 2) return false;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
}
