import { InvalidInputError } from '@bitcliff/core';

/** A column of a linear model. */
export interface Regressor {
  readonly name: string;
  readonly values: readonly number[];
}

/** y ≈ intercept + Σ coefficient · regressor. */
export interface LinearFit {
  readonly intercept: number;
  readonly coefficients: readonly number[];
  /** y − fitted, in the order of y. */
  readonly residuals: readonly number[];
  /** 1 − Σ residual² / Σ (y − ȳ)²; `null` when y does not vary. */
  readonly r2: number | null;
}

/** Part of a column that must be left when what the columns before it say is taken away. */
const LEAST_OWN_PART = 1e-7;

/**
 * Least squares with an intercept: columns are centred, made orthogonal one after another (modified Gram–Schmidt), all in float64.
 * @throws {InvalidInputError} for fewer points than unknowns, and for a column that follows from the others
 */
export function leastSquares(y: readonly number[], regressors: readonly Regressor[]): LinearFit {
  const op = 'leastSquares';
  const n = y.length;
  const unknowns = regressors.length + 1;
  if (n < unknowns) {
    throw new InvalidInputError({
      op,
      problem: 'too few points',
      expected: `at least ${unknowns}`,
      received: n,
    });
  }
  const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / n;
  const means = regressors.map(({ values }) => meanOf(values));
  const meanY = meanOf(y);
  const residuals = y.map((value) => value - meanY);
  const total = dot(residuals, residuals);
  const basis: number[][] = [];
  const upper: number[][] = []; // column j of R: projections on the basis vectors before it, then its own length
  const projections: number[] = [];
  for (const [j, { name, values }] of regressors.entries()) {
    const q = values.map((value) => value - means[j]!);
    const before = Math.sqrt(dot(q, q));
    const column = basis.map((u) => take(q, u));
    const length = Math.sqrt(dot(q, q));
    if (length <= LEAST_OWN_PART * before || before === 0) {
      throw new InvalidInputError({
        op,
        problem: `${name} does not vary on its own`,
        expected: 'columns that do not follow from each other',
      });
    }
    const u = q.map((value) => value / length);
    basis.push(u);
    upper.push([...column, length]);
    projections.push(take(residuals, u));
  }
  const coefficients = new Array<number>(regressors.length).fill(0);
  for (let j = regressors.length - 1; j >= 0; j--) {
    let value = projections[j]!;
    for (let k = j + 1; k < regressors.length; k++) value -= upper[k]![j]! * coefficients[k]!;
    coefficients[j] = value / upper[j]![j]!;
  }
  const intercept = coefficients.reduce((sum, c, j) => sum - c * means[j]!, meanY);
  return {
    intercept,
    coefficients,
    residuals,
    r2: total === 0 ? null : 1 - dot(residuals, residuals) / total,
  };
}

/** Take the part along a unit vector away. @returns its length */
function take(q: number[], unit: readonly number[]): number {
  const length = dot(q, unit);
  for (const [i, u] of unit.entries()) q[i]! -= length * u;
  return length;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}
