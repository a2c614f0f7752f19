/**
 * @file Two laws of quantization-induced degradation, as functions and as fits: arXiv 2411.17691 (ΔL = k · D^β / (N^α · P^γ)) and arXiv 2411.04330 eq. 2
 * (ΔL = C · D^γ_D / N^γ_N · e^(−P / γ_post)). Both are linear in ln ΔL, and fitted there by least squares. Neither is settled: degradation also
 * follows the learning rate (arXiv 2510.06213), so a fit keeps its residuals for comparison.
 */
import { InvalidInputError } from '@bitcliff/core';
import { rankCorrelation } from '../arrays/rank-correlation.ts';
import { leastSquares, type Regressor } from './least-squares.ts';

/** Where a loss was measured. */
export interface LawPoint {
  /** N, parameters without embeddings. */
  readonly parameters: number;
  /** D, tokens trained on. */
  readonly tokens: number;
  /** P, bits per weight. */
  readonly bits: number;
}

/** A point with what quantization did. */
export interface DegradationPoint extends LawPoint {
  /** ΔL = loss quantized − loss, nats per token. */
  readonly deltaLoss: number;
  /** At this checkpoint, where known. */
  readonly learningRate?: number | null | undefined;
}

/** The published constants of arXiv 2411.17691: GPTQ, Pythia 160M to 12B. */
export const OUYANG: Readonly<Record<'k' | 'alpha' | 'beta' | 'gamma', number>> = {
  k: 0.017,
  alpha: 0.2261,
  beta: 0.5251,
  gamma: 5.4967,
};

/** The published constants of arXiv 2411.04330, table 2. Its bias terms are left out: the text leaves their sign open. */
export const KUMAR: Readonly<Record<'c' | 'gammaD' | 'gammaN' | 'gammaPost', number>> = {
  c: 0.0598,
  gammaD: 0.5068,
  gammaN: 0.3439,
  gammaPost: 0.5907,
};

/** ΔL = k · D^β / (N^α · P^γ). @param law @default {@link OUYANG} */
export function ouyangLaw({ parameters, tokens, bits }: LawPoint, law: typeof OUYANG = OUYANG): number {
  return (law.k * tokens ** law.beta) / (parameters ** law.alpha * bits ** law.gamma);
}

/** ΔL = C · (D^γ_D / N^γ_N) · e^(−P / γ_post). @param law @default {@link KUMAR} */
export function kumarLaw({ parameters, tokens, bits }: LawPoint, law: typeof KUMAR = KUMAR): number {
  return law.c * (tokens ** law.gammaD / parameters ** law.gammaN) * Math.exp(-bits / law.gammaPost);
}

/** A law fitted to points. */
export interface LawFit {
  readonly law: 'ouyang' | 'kumar';
  /** k or C. What the points do not vary in is part of it. */
  readonly factor: number;
  /** β and α, or γ_D and γ_N; γ or γ_post. `null` where the points do not vary. */
  readonly tokens: number | null;
  readonly parameters: number | null;
  readonly bits: number | null;
  /** Of the points that were used: index in the list given, ln(observed / fitted). */
  readonly residuals: readonly { readonly point: number; readonly residual: number }[];
  /** In ln ΔL. */
  readonly r2: number | null;
  /** Points with ΔL ≤ 0, which have no logarithm and were left out. */
  readonly leftOut: number;
  /** Rank correlation of the residuals with the learning rate; `null` unless all points used have one and it varies. */
  readonly residualLearningRate: number | null;
}

/**
 * Fit a law. Quantities that all points share are not fitted and become part of the factor.
 * @throws {InvalidInputError} for too few points with ΔL > 0, or quantities that vary together
 * @example
 * fitScalingLaw('ouyang', [{ parameters: 160e6, tokens: 1e11, bits: 3, deltaLoss: 0.34 }, …]).bits; // γ
 */
export function fitScalingLaw(law: LawFit['law'], points: readonly DegradationPoint[]): LawFit {
  const used = points.flatMap((point, index) => (point.deltaLoss > 0 ? [{ index, ...point }] : []));
  for (const { tokens, parameters, bits } of used) {
    if (tokens > 0 && parameters > 0 && bits > 0) continue;
    throw new InvalidInputError({
      op: 'fitScalingLaw',
      problem: 'a point without tokens, parameters or bits',
      expected: 'numbers above 0',
      received: `${tokens}, ${parameters}, ${bits}`,
    });
  }
  const columns: Regressor[] = [
    { name: 'tokens', values: used.map(({ tokens }) => Math.log(tokens)) },
    { name: 'parameters', values: used.map(({ parameters }) => -Math.log(parameters)) },
    { name: 'bits', values: used.map(({ bits }) => (law === 'ouyang' ? -Math.log(bits) : -bits)) },
  ];
  const varying = columns.filter(({ values }) => values.some((value) => value !== values[0]));
  const fit = leastSquares(
    used.map(({ deltaLoss }) => Math.log(deltaLoss)),
    varying,
  );
  const coefficient = (name: string): number | null =>
    fit.coefficients[varying.findIndex((column) => column.name === name)] ?? null;
  const bits = coefficient('bits');
  const rates = used.flatMap(({ learningRate }) => learningRate ?? []);
  return {
    law,
    factor: Math.exp(fit.intercept),
    tokens: coefficient('tokens'),
    parameters: coefficient('parameters'),
    bits: bits === null || law === 'ouyang' ? bits : 1 / bits,
    residuals: used.map(({ index }, i) => ({ point: index, residual: fit.residuals[i]! })),
    r2: fit.r2,
    leftOut: points.length - used.length,
    residualLearningRate: rates.length === used.length ? rankCorrelation(rates, fit.residuals) : null,
  };
}
