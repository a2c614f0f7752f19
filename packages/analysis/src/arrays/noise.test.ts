import { expect, test } from 'vitest';
import { describeValues } from './describe-values.ts';
import { equalNormNoise } from './noise.ts';

test.each(['gaussian', 'uniform'] as const)(
  '%s noise has the norm asked for, and its own shape',
  (distribution) => {
    const noise = equalNormNoise(50_000, { distribution, norm: 3, seed: 1 });
    const norm = Math.sqrt(noise.reduce((sum, x) => sum + x * x, 0));
    expect(norm).toBeCloseTo(3, 6);
    const { mean, kurtosis } = describeValues(noise);
    expect(mean).toBeCloseTo(0, 3);
    expect(kurtosis).toBeCloseTo(distribution === 'gaussian' ? 3 : 1.8, 1);
    expect(equalNormNoise(50_000, { distribution, norm: 3, seed: 1 })).toEqual(noise);
    expect(equalNormNoise(50_000, { distribution, norm: 3, seed: 2 })).not.toEqual(noise);
  },
);

test('no norm, no noise; a bad norm is refused', () => {
  expect(equalNormNoise(3, { distribution: 'uniform', norm: 0, seed: 1 }).map(Math.abs)).toEqual(
    new Float32Array(3),
  );
  expect(() => equalNormNoise(3, { distribution: 'uniform', norm: -1, seed: 1 })).toThrow('bad norm');
});
