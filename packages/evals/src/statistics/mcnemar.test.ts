import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { erfc, mcNemar } from './mcnemar.ts';

/** P(X ≤ k) and P(X = k) of Binomial(m, ½) in integers, divided once. */
function exactRef(m: number, k: number): { cumulative: number; last: number } {
  let [term, sum] = [1n, 0n];
  for (let i = 0; i <= k; i++) {
    sum += term;
    if (i < k) term = (term * BigInt(m - i)) / BigInt(i + 1);
  }
  const digits = 10n ** 400n; // p-values down to 1e-300 keep their digits
  const ratio = (n: bigint): number => {
    const text = String((n * digits) / 2n ** BigInt(m));
    return Number(`${text}e-400`);
  };
  return { cumulative: ratio(sum), last: ratio(term) };
}

test.each([
  [1, 0],
  [3, 1],
  [40, 22],
  [0, 60],
  [500, 480],
  [700, 650], // logs from 1001 on
  [5000, 4800],
  [900, 500],
])('%d lost, %d won: as integers give it', (lost, won) => {
  const { cumulative, last } = exactRef(lost + won, Math.min(lost, won));
  const { pExact, pMid } = mcNemar(lost, won);
  expect(Math.abs(pExact / Math.min(1, 2 * cumulative) - 1)).toBeLessThan(1e-10);
  expect(Math.abs(pMid / Math.min(1, 2 * cumulative - last) - 1)).toBeLessThan(1e-10);
  expect(mcNemar(won, lost)).toEqual(mcNemar(lost, won));
});

test('erfc against the values of the DLMF', () => {
  expect(erfc(0)).toBe(1);
  expect(Math.abs(erfc(0.5) / 0.4795001221869535 - 1)).toBeLessThan(1e-13);
  expect(Math.abs(erfc(2) / 0.004677734981047266 - 1)).toBeLessThan(1e-12);
  expect(Math.abs(erfc(3) / 2.209049699858544e-5 - 1)).toBeLessThan(1e-13);
  expect(Math.abs(erfc(6) / 2.1519736712498913e-17 - 1)).toBeLessThan(1e-13);
});

test.each([-1, 0.5, Number.NaN])('refuses a count of %d', (count) => {
  expect(() => mcNemar(count, 1)).toThrow(InvalidInputError);
  expect(() => mcNemar(1, count)).toThrow(InvalidInputError);
});
