/** @file How far a variant is from the baseline on one item, and on all of them. */
import type { RequestScore } from '@bitcliff/runtime';
import type { TaskDivergence } from '../records.ts';

/** Sums over the scored tokens of an item. */
export interface ItemDivergence {
  readonly tokens: number;
  /** Σ KL(baseline ‖ variant), nats. */
  readonly kl: number;
  /** Tokens with the same most probable one. */
  readonly sameTop: number;
}

/** @param scores of the item's requests, from an engine that was asked for divergences */
export function itemDivergence(scores: readonly RequestScore[]): ItemDivergence {
  let [tokens, kl, sameTop] = [0, 0, 0];
  for (const { divergence } of scores) {
    for (const value of divergence!.kl) kl += value;
    for (const same of divergence!.sameTop) sameTop += Number(same);
    tokens += divergence!.kl.length;
  }
  return { tokens, kl, sameTop };
}

/** Ratios of sums; errors are those of a ratio estimator whose units are items. @returns `null` without a token */
export function taskDivergence(items: readonly ItemDivergence[]): TaskDivergence | null {
  const tokens = items.reduce((sum, item) => sum + item.tokens, 0);
  if (tokens === 0) return null;
  const ratio = (of: (item: ItemDivergence) => number): TaskDivergence['kl'] => {
    const value = items.reduce((sum, item) => sum + of(item), 0) / tokens;
    if (items.length < 2) return { value, stderr: null };
    const squares = items.reduce((sum, item) => sum + (of(item) - value * item.tokens) ** 2, 0);
    return { value, stderr: Math.sqrt((squares * items.length) / (items.length - 1)) / tokens };
  };
  return { tokens, kl: ratio(({ kl }) => kl), sameTop: ratio(({ sameTop }) => sameTop) };
}
