/**
 * @file Choosing one option for each part of a model under a budget of bits: the multiple-choice knapsack, by dynamic programming over the bits left. Exact
 * when the options' bits share a divisor that keeps the table small; otherwise bits are counted in a coarser unit, rounded up, so that the
 * budget holds and the choice may miss the best by what fits into the rounding. The result says which.
 */
import { InvalidInputError } from '@bitcliff/core';

/** One way to store a part. */
export interface KnapsackOption {
  /** Bits of the whole part, an integer. */
  readonly bits: number;
  /** What it costs in quality; the sum is made as small as possible. May be negative. */
  readonly loss: number;
}

/** The best choice. */
export interface KnapsackChoice {
  /** Index of the option of each part. */
  readonly chosen: readonly number[];
  readonly bits: number;
  readonly loss: number;
  /** The unit was a common divisor of all bits: nothing better exists. */
  readonly exact: boolean;
}

/** Cells of the table at most: one byte each. */
const MAX_CELLS = 2 ** 26;

/**
 * @param parts options of each part, 1 to 256  @param budget bits in all
 * @throws {InvalidInputError} when the smallest options are over the budget, or bits are no integers
 * @example
 * knapsack([[{ bits: 30, loss: 2 }, { bits: 80, loss: 0 }], [{ bits: 30, loss: 1 }, { bits: 80, loss: 0 }]], 110).chosen; // [1, 0]
 */
export function knapsack(parts: readonly (readonly KnapsackOption[])[], budget: number): KnapsackChoice {
  checkParts(parts);
  const least = parts.map((options) => Math.min(...options.map(({ bits }) => bits)));
  const spare = Math.floor(budget) - least.reduce((a, b) => a + b, 0);
  if (spare < 0) {
    throw new InvalidInputError({
      op: 'knapsack',
      problem: 'the budget is too small',
      expected: `at least ${least.reduce((a, b) => a + b, 0)} bits`,
      received: budget,
    });
  }
  const extra = parts.map((options, p) => options.map(({ bits }) => bits - least[p]!));
  const most = extra.reduce((sum, bits) => sum + Math.max(...bits), 0);
  const divisor = extra.flat().reduce(greatestDivisor, 0) || 1;
  const reach = Math.min(spare, most);
  const coarsest = Math.ceil(reach / Math.max(1, Math.floor(MAX_CELLS / parts.length) - 1));
  const unit = Math.max(divisor, coarsest);
  const capacity = Math.floor(reach / unit);

  let best = new Float64Array(capacity + 1); // least loss with at most c units, over the parts so far
  const picks: Uint8Array[] = [];
  for (const [p, options] of parts.entries()) {
    const next = new Float64Array(capacity + 1).fill(Number.POSITIVE_INFINITY);
    const pick = new Uint8Array(capacity + 1);
    for (const [o, { loss }] of options.entries()) {
      const units = Math.ceil(extra[p]![o]! / unit);
      for (let c = units; c <= capacity; c++) {
        const value = best[c - units]! + loss;
        if (value < next[c]!) {
          next[c] = value;
          pick[c] = o;
        }
      }
    }
    best = next;
    picks.push(pick);
  }
  const chosen: number[] = [];
  for (let p = parts.length - 1, c = capacity; p >= 0; p--) {
    const option = picks[p]![c]!;
    chosen[p] = option;
    c -= Math.ceil(extra[p]![option]! / unit);
  }
  const sum = (of: (option: KnapsackOption) => number): number =>
    chosen.reduce((total, option, p) => total + of(parts[p]![option]!), 0);
  return { chosen, bits: sum(({ bits }) => bits), loss: sum(({ loss }) => loss), exact: unit === divisor };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

function checkParts(parts: readonly (readonly KnapsackOption[])[]): void {
  for (const [p, options] of parts.entries()) {
    const bad = options.find(
      ({ bits, loss }) => !Number.isSafeInteger(bits) || bits < 0 || !Number.isFinite(loss),
    );
    if (bad === undefined && options.length >= 1 && options.length <= 256) continue;
    throw new InvalidInputError({
      op: 'knapsack',
      problem: 'bad options',
      expected: '1 to 256 options with integer bits of at least 0 and finite loss',
      received: bad === undefined ? `${options.length} options` : `${bad.bits} bits, loss ${bad.loss}`,
      where: `part ${p}`,
    });
  }
}
