import { magnitudeHistogram } from './magnitude-histogram.ts';

/** |a| of a massive activation at least, by default. */
export const LEAST_MASSIVE = 100;

/** What counts as massive: arXiv 2402.17762, §2. */
export interface MassiveOptions {
  /** |a| at least. @default 100 */
  readonly least?: number;
  /** |a| as a multiple of the median magnitude, at least. @default 1000 */
  readonly ratio?: number;
}

/** A massive activation. */
export interface MassiveActivation {
  readonly token: number;
  readonly feature: number;
  readonly value: number;
  /** |value| over the median magnitude; `null` where that is 0. */
  readonly ratio: number | null;
}

/**
 * Single activations that dwarf the others.
 * @param x f32[tokens × features], finite
 * @returns by token, then feature
 */
export function massiveActivations(
  x: Float32Array,
  features: number,
  options: MassiveOptions = {},
): MassiveActivation[] {
  const { least = LEAST_MASSIVE, ratio = 1000 } = options;
  const large: number[] = [];
  for (let i = 0; i < x.length; i++) if (Math.abs(x[i]!) >= least) large.push(i);
  if (large.length === 0) return [];
  const median = medianMagnitude(x);
  return large.flatMap((i) => {
    const value = x[i]!;
    if (Math.abs(value) < ratio * median) return [];
    const found = median === 0 ? null : Math.abs(value) / median;
    return [{ token: Math.floor(i / features), feature: i % features, value, ratio: found }];
  });
}

/** The lower median of |x|: the histogram says which values can be it, and these are sorted. */
function medianMagnitude(x: Float32Array): number {
  const { zero, edges, counts } = magnitudeHistogram(x);
  let left = Math.floor((x.length - 1) / 2) - zero;
  if (left < 0) return 0;
  let bin = 0;
  while (left >= counts[bin]!) left -= counts[bin++]!;
  const [low, high] = [edges[bin]!, edges[bin + 1]!];
  return x
    .map(Math.abs)
    .filter((a) => a > low && a <= high)
    .sort()[left]!;
}
