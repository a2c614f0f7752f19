import { describeValues } from './describe-values.ts';

/** The gain g of a norm. */
export interface GainStatistics {
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** `none`: the norm has no gain. `allOnes`: it has one, and it is 1 everywhere. Both have std 0, which says nothing about training. */
  readonly note: 'none' | 'allOnes' | null;
}

/** Standard deviation (of the population) and range of a norm's gain. @param gain f32[width], `null` for a norm without one */
export function gainStatistics(gain: ArrayLike<number> | null): GainStatistics {
  if (gain === null) return { std: 0, min: 1, max: 1, note: 'none' };
  const { std, min, max } = describeValues(gain);
  return { std, min, max, note: min === 1 && max === 1 ? 'allOnes' : null };
}
