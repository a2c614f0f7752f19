import { createRng } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { readExpected, readGolden } from '../../test/read-golden.ts';
import { singularValues } from '../../test/singular-values.ts';
import { spectralNorm } from './spectral-norm.ts';

const random = (rows: number, columns: number, seed: number) => {
  const rng = createRng(seed);
  return { data: Float32Array.from({ length: rows * columns }, () => rng.normal()), rows, columns };
};

describe('spectralNorm', () => {
  it.each(['W0', 'W1', 'W2'])('golden %s, and all its singular values by Jacobi rotations', (name) => {
    const { shape, values } = readGolden(name);
    const [rows, columns] = shape as [number, number];
    const expected = readExpected().spectral[name];
    const [first, second] = singularValues(values, rows, columns);
    expect(Math.abs(first! - expected.spectral_norm)).toBeLessThan(1e-12);
    expect(Math.abs(second! - expected.second_singular_value)).toBeLessThan(1e-12);
    const { norm, errorBound, converged } = spectralNorm({ data: values, rows, columns });
    const off = Math.abs(norm - expected.spectral_norm) / expected.spectral_norm;
    expect(off, `relative difference ${off}`).toBeLessThan(1e-6);
    expect(converged && errorBound <= 1e-5).toBe(true);
  });

  it.each([
    [1, 1],
    [1, 7],
    [40, 3],
    [3, 40],
    [60, 60],
    [50, 80],
  ])('random %i × %i within 1e-4 of the full decomposition', (rows, columns) => {
    for (let seed = 0; seed < 5; seed++) {
      const matrix = random(rows, columns, seed);
      const [first] = singularValues(matrix.data, rows, columns);
      const { norm, iterations } = spectralNorm(matrix);
      const off = Math.abs(norm - first!) / first!;
      expect(off, `relative difference ${off} after ${iterations}`).toBeLessThan(1e-6);
    }
  });

  it('says when it has not converged', () => {
    const matrix = random(60, 60, 1);
    const { converged, errorBound, norm } = spectralNorm(matrix, { maxIterations: 3 });
    const [first] = singularValues(matrix.data, 60, 60);
    expect(converged).toBe(false);
    expect(errorBound).toBeGreaterThan(1e-5);
    expect(norm).toBeLessThan(first!);
  });

  it('zero, rank one and equal singular values', () => {
    expect(spectralNorm({ data: new Float32Array(12), rows: 3, columns: 4 })).toMatchObject({
      norm: 0,
      converged: true,
    });
    const ones = spectralNorm({ data: new Float32Array(20).fill(1), rows: 4, columns: 5 });
    expect(ones.norm).toBeCloseTo(Math.sqrt(20), 12);
    const identity = Float32Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 3 : 0));
    expect(spectralNorm({ data: identity, rows: 5, columns: 5 }).norm).toBeCloseTo(3, 12);
  });
});
