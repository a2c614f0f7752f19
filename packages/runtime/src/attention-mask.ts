import type { AttentionPass } from './attention-passes.ts';

/** Added to a score that must not count: exp(x − max) is exactly 0 in f32, and no row of −∞ can turn into NaN. */
export const MASKED = -1e30;

/**
 * The additive attention mask of a pass: 0 where a query sees a key, {@link MASKED} elsewhere. A place without a query sees nothing.
 * @param positions of the tokens of the row
 * @param window a token sees itself and the `window − 1` positions before it; `null`: all before it
 * @returns f32[entries × queries × keys]
 */
export function attentionMask(
  { query, keys }: AttentionPass,
  positions: Int32Array,
  window: number | null = null,
): Float32Array {
  const mask = new Float32Array(query.length * keys).fill(MASKED);
  for (const [place, token] of query.entries()) {
    if (token === -1) continue;
    const end = positions[token]! + 1; // a key stands at its position
    mask.fill(0, place * keys + Math.max(0, end - (window ?? end)), place * keys + end);
  }
  return mask;
}
