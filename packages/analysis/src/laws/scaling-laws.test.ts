import { createRng } from '@bitcliff/core';
import { describe, expect, it, test } from 'vitest';
import { leastSquares } from './least-squares.ts';
import { fitScalingLaw, KUMAR, kumarLaw, type LawPoint, OUYANG, ouyangLaw } from './scaling-laws.ts';

const grid: LawPoint[] = [30e6, 160e6, 1e9].flatMap((parameters) =>
  [1e9, 2e10, 3e11].flatMap((tokens) => [2, 3, 4].map((bits) => ({ parameters, tokens, bits }))),
);

test.each([
  [7e9, 2e12, 3, 0.69367],
  [7e9, 2e12, 4, 0.14269],
  [7e9, 2e12, 5, 0.04185],
  [12e9, 1e11, 3, 0.12737],
  [160e6, 1e11, 3, 0.33807],
  [1e9, 1e11, 4, 0.04595],
])('Ouyang et al. at N = %d, D = %d, P = %d', (parameters, tokens, bits, expected) => {
  expect(ouyangLaw({ parameters, tokens, bits })).toBeCloseTo(expected, 5);
});

test.each([
  [30e6, 26e9, 3, 0.18966],
  [220e6, 26e9, 3, 0.09559],
  [220e6, 26e9, 4, 0.01759],
])('Kumar et al. at N = %d, D = %d, P = %d', (parameters, tokens, bits, expected) => {
  expect(kumarLaw({ parameters, tokens, bits })).toBeCloseTo(expected, 5);
});

describe('fitScalingLaw', () => {
  it('finds the constants that made the points', () => {
    const ouyang = fitScalingLaw(
      'ouyang',
      grid.map((point) => ({ ...point, deltaLoss: ouyangLaw(point) })),
    );
    expect(ouyang.factor / OUYANG.k).toBeCloseTo(1, 9);
    expect(ouyang.tokens).toBeCloseTo(OUYANG.beta, 10);
    expect(ouyang.parameters).toBeCloseTo(OUYANG.alpha, 10);
    expect(ouyang.bits).toBeCloseTo(OUYANG.gamma, 10);
    expect(ouyang.r2).toBeCloseTo(1, 12);
    const kumar = fitScalingLaw(
      'kumar',
      grid.map((point) => ({ ...point, deltaLoss: kumarLaw(point) })),
    );
    expect(kumar.factor / KUMAR.c).toBeCloseTo(1, 9);
    expect(kumar.tokens).toBeCloseTo(KUMAR.gammaD, 10);
    expect(kumar.parameters).toBeCloseTo(KUMAR.gammaN, 10);
    expect(kumar.bits).toBeCloseTo(KUMAR.gammaPost, 10);
  });

  it('one model at one width: its size and bits are part of the factor; residuals follow the learning rate', () => {
    const points = [1, 2, 4, 8, 16, 32].map((step, i) => {
      const point = { parameters: 1e8, tokens: step * 1e9, bits: 3 };
      const learningRate = 1e-3 * (1 - i / 6);
      return { ...point, learningRate, deltaLoss: ouyangLaw(point) * Math.exp(-0.1 * Math.sin(2 * i)) };
    });
    const fit = fitScalingLaw('ouyang', points);
    expect([fit.parameters, fit.bits]).toEqual([null, null]);
    expect(fit.tokens).toBeCloseTo(OUYANG.beta, 1);
    expect(fit.residuals.reduce((sum, { residual }) => sum + residual, 0)).toBeCloseTo(0, 12);
    expect(fit.r2).toBeGreaterThan(0.9);
    expect(fit.residualLearningRate).not.toBeNull();
  });

  it('leaves points without a loss out, and says how many', () => {
    const points = grid.map((point, i) => ({ ...point, deltaLoss: i % 9 === 0 ? -0.01 : ouyangLaw(point) }));
    const fit = fitScalingLaw('ouyang', points);
    expect(fit.leftOut).toBe(3);
    expect(fit.residuals.map(({ point }) => point)).not.toContain(9);
    expect(fit.residualLearningRate).toBeNull();
    expect(fit.bits).toBeCloseTo(OUYANG.gamma, 10);
  });

  it('refuses too few points, and quantities that vary together', () => {
    const points = [1e9, 1e10, 1e11].map((tokens) => ({
      tokens,
      parameters: tokens / 20,
      bits: 3,
      deltaLoss: 0.1,
    }));
    expect(() => fitScalingLaw('ouyang', points)).toThrow('parameters does not vary on its own');
    expect(() => fitScalingLaw('ouyang', [])).toThrow('too few points, expected at least 1, received 0');
    expect(() => fitScalingLaw('ouyang', [{ ...points[0]!, tokens: 0 }])).toThrow('a point without tokens');
  });
});

test('least squares with noise: residuals are orthogonal to every column', () => {
  const rng = createRng(2);
  const columns = ['a', 'b', 'c'].map((name) => ({
    name,
    values: Array.from({ length: 40 }, () => rng.normal()),
  }));
  const y = Array.from(
    { length: 40 },
    (_, i) => 2 + columns[0]!.values[i]! - 3 * columns[2]!.values[i]! + 0.1 * rng.normal(),
  );
  const { intercept, coefficients, residuals, r2 } = leastSquares(y, columns);
  expect(intercept).toBeCloseTo(2, 1);
  for (const [j, expected] of [1, 0, -3].entries()) expect(coefficients[j]).toBeCloseTo(expected, 1);
  for (const { values } of [...columns, { values: y.map(() => 1) }]) {
    expect(values.reduce((sum, x, i) => sum + x * residuals[i]!, 0)).toBeCloseTo(0, 10);
  }
  expect(r2).toBeGreaterThan(0.99);
  expect(leastSquares([1, 1, 1], []).r2).toBeNull();
});
