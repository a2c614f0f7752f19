import type { PackedRow } from './packing.ts';

/** Added to a score that must not count: exp(x − max) is exactly 0 in f32, and no row of −∞ can turn into NaN. */
export const MASKED = -1e30;

/**
 * The additive attention mask of a row's segments: 0 where a place sees another, {@link MASKED} elsewhere. Empty places see nothing, and nobody
 * sees them.
 * @param window a token sees itself and the `window − 1` positions before it; `null`: all before it
 * @returns f32[segments × length × length]
 */
export function attentionMask(
  { positions, segments }: PackedRow,
  window: number | null = null,
): Float32Array {
  const { count, length: L, places, treeStart, trunkEnd, branchStart } = segments;
  const mask = new Float32Array(count * L * L).fill(MASKED);
  for (const [i, place] of places.entries()) {
    const column = place % L;
    const row = place * L; // of the mask: segments follow each other
    // positions of a trunk count from its start, those of a branch up to the token itself
    const seen = window === null ? 0 : Math.max(0, positions[i]! - window + 1);
    const trunk = treeStart[i]! + seen;
    mask.fill(0, row + trunk, row + Math.max(trunk, Math.min(trunkEnd[i]!, column + 1)));
    const branch = window === null ? branchStart[i]! : Math.max(branchStart[i]!, column - window + 1);
    mask.fill(0, row + branch, row + column + 1);
  }
  return mask;
}
