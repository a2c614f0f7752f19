import type { PackedRow } from './packing.ts';

/** Added to a score that must not count: exp(x − max) is exactly 0 in f32, and no row of −∞ can turn into NaN. */
export const MASKED = -1e30;

/**
 * The additive attention mask of a row: 0 where token i sees token j, {@link MASKED} elsewhere.
 * @param window a token sees itself and the `window − 1` positions before it; `null`: all before it
 * @returns f32[S × S], row i is the view of token i
 */
export function attentionMask(row: PackedRow, window: number | null = null): Float32Array {
  const S = row.tokens.length;
  const mask = new Float32Array(S * S).fill(MASKED);
  for (let i = 0; i < S; i++) {
    const trunk = i * S + row.treeStart[i]!;
    mask.fill(0, trunk, i * S + Math.min(row.trunkEnd[i]!, i + 1));
    mask.fill(0, i * S + row.branchStart[i]!, i * S + i + 1);
    if (window === null) continue;
    const first = row.positions[i]! - window + 1;
    for (let j = row.treeStart[i]!; j < i; j++) if (row.positions[j]! < first) mask[i * S + j] = MASKED;
  }
  return mask;
}
