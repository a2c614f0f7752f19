import { createRng, InvalidInputError } from '@bitcliff/core';

/** Options of {@link equalNormNoise}. */
export interface NoiseOptions {
  readonly distribution: 'gaussian' | 'uniform';
  /** Frobenius norm of the result, at least 0. */
  readonly norm: number;
  readonly seed: number;
}

/**
 * Random numbers of a given norm: the control for quantization error. Drawn with mean 0, then scaled in float64 to the norm.
 * @returns f32[count]
 * @throws {InvalidInputError} for a norm that is negative or not finite
 */
export function equalNormNoise(count: number, { distribution, norm, seed }: NoiseOptions): Float32Array {
  if (!(norm >= 0 && Number.isFinite(norm))) {
    throw new InvalidInputError({
      op: 'equalNormNoise',
      problem: 'bad norm',
      expected: 'a finite number of at least 0',
      received: norm,
    });
  }
  const rng = createRng(seed);
  const draw = distribution === 'gaussian' ? () => rng.normal() : () => 2 * rng.uniform() - 1;
  const noise = Float64Array.from({ length: count }, draw);
  const length = Math.sqrt(noise.reduce((sum, x) => sum + x * x, 0));
  return Float32Array.from(noise, (x) => (length === 0 ? 0 : (x * norm) / length));
}
