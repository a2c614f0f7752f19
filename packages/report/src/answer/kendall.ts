/** @file Does one quantity go with another? Kendall's rank correlation with its exact test, which holds for any number of points. */

/** Rank correlation of two lists without ties. */
export interface Trend {
  /** Kendall's τ in [−1, 1]: pairs in the same order minus pairs in the opposite one, over all pairs. */
  readonly tau: number;
  /** Two-sided, exact. */
  readonly p: number;
}

/**
 * Kendall's τ-a and its exact p-value under independence (counts of permutations by inversions).
 * @returns `null` with fewer than three points, and with ties
 * @see M. G. Kendall, A new measure of rank correlation, Biometrika 30 (1938)
 */
export function kendall(x: readonly number[], y: readonly number[]): Trend | null {
  const n = x.length;
  if (n < 3 || new Set(x).size < n || new Set(y).size < n) return null;
  let discordant = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) if (x[i]! > x[j]! !== y[i]! > y[j]!) discordant++;
  }
  const pairs = (n * (n - 1)) / 2;
  const chances = inversionChances(n);
  const tail = Math.min(discordant, pairs - discordant);
  const p = Math.min(1, 2 * chances.slice(0, tail + 1).reduce((a, b) => a + b, 0));
  return { tau: 1 - (2 * discordant) / pairs, p };
}

/** Chance of each number of inversions in a random permutation of n. */
function inversionChances(n: number): number[] {
  let chances = [1];
  for (let size = 2; size <= n; size++) {
    // the size-th element adds 0 to size − 1 inversions, all as likely
    const next = new Array<number>(chances.length + size - 1).fill(0);
    for (const [k, chance] of chances.entries()) {
      for (let added = 0; added < size; added++) next[k + added]! += chance / size;
    }
    chances = next;
  }
  return chances;
}
