import { InvalidInputError } from '@bitcliff/core';

/** McNemar's test of two classifiers on the same items; two-sided p-values. */
export interface McNemarResult {
  /** Exact binomial p-value. */
  readonly pExact: number;
  /** Exact minus half the probability of what was seen: less conservative; 1 where there are no discordant items. */
  readonly pMid: number;
  /** (max(0, |b − c| − 1))² / (b + c), with continuity correction; 0 where there are no discordant items. */
  readonly chi2: number;
  /** erfc(√(chi2 / 2)), the approximation for many discordant items. */
  readonly pChi2: number;
}

/**
 * McNemar's test. Under the null hypothesis each discordant item falls on either side with probability ½.
 * @param lost items that were right before and wrong after @param won the reverse
 * @throws {InvalidInputError} on counts that are not non-negative integers
 * @example
 * mcNemar(10, 2).pExact; // 0.03857421875
 * @see McNemar 1947; Fagerland, Lydersen, Laake 2013 (mid-p)
 */
export function mcNemar(lost: number, won: number): McNemarResult {
  for (const count of [lost, won]) {
    if (Number.isSafeInteger(count) && count >= 0) continue;
    throw new InvalidInputError({
      op: 'mcNemar',
      problem: 'bad count',
      expected: 'a non-negative integer',
      received: count,
    });
  }
  const m = lost + won;
  if (m === 0) return { pExact: 1, pMid: 1, chi2: 0, pChi2: 1 };
  const least = Math.min(lost, won);
  const tail = binomialTail(m, least);
  const pExact = Math.min(1, 2 * tail.cumulative);
  const chi2 = Math.max(0, Math.abs(lost - won) - 1) ** 2 / m;
  // at least === m/2 the two tails share their middle term: 2·F(least) − P(least) is 1
  return {
    pExact,
    pMid: Math.min(1, 2 * tail.cumulative - tail.last),
    chi2,
    pChi2: erfc(Math.sqrt(chi2 / 2)),
  };
}

/**
 * P(X ≤ k) and P(X = k) for X ~ Binomial(m, ½). Terms go down from k, each the one above times i / (m − i + 1), so the first
 * is the largest and none overflows; the first comes from an exact product of doubles while m is small, else from logs.
 */
function binomialTail(m: number, k: number): { cumulative: number; last: number } {
  const last = m <= 1000 ? productTerm(m, k) : Math.exp(logChoose(m, k) - m * Math.LN2);
  let cumulative = 0;
  let term = last;
  for (let i = k; i >= 0 && term > 0; i--) {
    cumulative += term;
    term *= i / (m - i + 1);
  }
  return { cumulative, last };
}

/** C(m, k) / 2^m by interleaving factors with halvings, so that neither side leaves the doubles; exact while C(m, k) < 2^53. */
function productTerm(m: number, k: number): number {
  let value = 1;
  let halvings = m;
  for (let i = 1; i <= k; i++) {
    value = (value * (m - k + i)) / i;
    for (; value > 2 ** 30 && halvings > 0; halvings--) value /= 2;
  }
  return value * 2 ** -halvings;
}

function logChoose(m: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log((m - k + i) / i);
  return sum;
}

/**
 * Complementary error function, x ≥ 0, relative error below 1e-13: the series of erf below 2.5, the continued fraction above.
 * @see Abramowitz and Stegun 7.1.6 and 7.1.14
 */
export function erfc(x: number): number {
  if (x < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; term > 1e-18 * sum; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let k = 120; k >= 1; k--) fraction = k / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}
