/** How far fp16 gradients are lifted above the smallest numbers, and since when it went well. */
export interface LossScale {
  readonly scale: number;
  /** Steps without overflow since the scale last changed. */
  readonly goodSteps: number;
}

/** A run whose loss scale falls below this has diverged: even unscaled gradients overflow. */
export const LEAST_LOSS_SCALE: number = 2 ** -10;

const LARGEST_LOSS_SCALE = 2 ** 24;

/**
 * The scale of the next step: half after an overflow, twice after `interval` steps without one (Micikevicius et al., arXiv 1710.03740).
 * @param overflowed whether this step's gradients were infinite or NaN
 */
export function nextLossScale(
  { scale, goodSteps }: LossScale,
  overflowed: boolean,
  interval: number,
): LossScale {
  if (overflowed) return { scale: scale / 2, goodSteps: 0 };
  if (goodSteps + 1 < interval) return { scale, goodSteps: goodSteps + 1 };
  return { scale: Math.min(2 * scale, LARGEST_LOSS_SCALE), goodSteps: 0 };
}
