/**
 * @file How far a quantized model's next-token distributions are from the baseline's, position by position: the list that llama.cpp's
 * `kl_divergence` prints. Where llama.cpp stores the baseline as uint16 over 16 nats and skips p < e^-16, nothing is dropped here.
 */
import { InvalidInputError } from '@bitcliff/core';
import { mean } from '../metrics/mean.ts';
import { checkPairs, correlation } from './paired-difference.ts';
import { quantile } from './quantile.ts';
import { klDivergence, logSoftmax } from './softmax.ts';

/** One scored position of both models. */
export interface TokenDivergence {
  /** KL(baseline ‖ other), nats. */
  readonly kld: number;
  /** Negative log-likelihood of the true next token, nats. */
  readonly nllBase: number;
  readonly nllOther: number;
  /** Both models put the same token first (ties: the lowest id). */
  readonly sameTop: boolean;
}

/**
 * Compare two models at one position.
 * @param base logits of the baseline, [vocabulary] @param other those of the other model
 * @param nextToken id of the true next token
 * @throws {ShapeError} when the two differ in length @throws {InvalidInputError} on a token outside the vocabulary
 */
export function tokenDivergence(
  base: ArrayLike<number>,
  other: ArrayLike<number>,
  nextToken: number,
): TokenDivergence {
  const [logBase, logOther] = [logSoftmax(base), logSoftmax(other)];
  checkPairs('tokenDivergence', logBase, logOther);
  if (logBase[nextToken] === undefined) {
    throw new InvalidInputError({
      op: 'tokenDivergence',
      problem: 'the next token is not in the vocabulary',
      expected: `an id below ${logBase.length}`,
      received: nextToken,
    });
  }
  return {
    kld: klDivergence(logBase, logOther),
    nllBase: -logBase[nextToken]!,
    nllOther: -logOther[nextToken]!,
    sameTop: topToken(logBase) === topToken(logOther),
  };
}

/** A number and the standard error that llama.cpp prints beside it; null for one position. */
export interface Uncertain {
  readonly value: number;
  readonly stderr: number | null;
}

/** Fractions of the percentiles of KLD; those of Δp have 25 and 75 % too. */
const KLD_FRACTIONS = [0.999, 0.99, 0.95, 0.9, 0.5, 0.1, 0.05, 0.01, 0.001] as const;
const DELTA_P_FRACTIONS = [0.999, 0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.01, 0.001] as const;

/** The list over all positions. Δp = p_other − p_base of the true next token. */
export interface TokenDivergenceSummary {
  readonly n: number;
  readonly perplexityBase: number;
  readonly perplexityOther: number;
  /** Correlation of the two lists of log-likelihoods; null where one is constant. */
  readonly correlation: number | null;
  /** ln(PPL(other) / PPL(base)). */
  readonly logRatio: Uncertain;
  /** PPL(other) / PPL(base). */
  readonly ratio: Uncertain;
  /** PPL(other) − PPL(base). */
  readonly difference: number;
  readonly meanKld: Uncertain;
  readonly maxKld: number;
  readonly minKld: number;
  /** [fraction, value], from 0.999 down. */
  readonly kldPercentiles: readonly (readonly [number, number])[];
  readonly meanDeltaP: Uncertain;
  readonly rmsDeltaP: Uncertain;
  readonly deltaPPercentiles: readonly (readonly [number, number])[];
  /** Share of positions where both models put the same token first. */
  readonly sameTop: Uncertain;
}

/**
 * Sum up positions. Errors are √((E[x²] − E[x]²) / (n − 1)), for RMS Δp 0.5 / rms · se(Δp²), for the log ratio √(s_q² + s_b² − 2 cov).
 * @param tokens at least one
 * @throws {InvalidInputError} on none
 * @see ggml-org/llama.cpp tools/perplexity/perplexity.cpp kl_divergence() @ 050fc7f3
 */
export function summarizeTokenDivergence(tokens: readonly TokenDivergence[]): TokenDivergenceSummary {
  const kld = tokens.map((token) => token.kld);
  const deltaP = tokens.map((token) => Math.exp(-token.nllOther) - Math.exp(-token.nllBase));
  const base = tokens.map((token) => token.nllBase);
  const other = tokens.map((token) => token.nllOther);
  const logRatio = uncertainMean(other.map((nll, i) => nll - base[i]!)); // the same as √(s_q² + s_b² − 2 cov)
  const ratio = Math.exp(logRatio.value);
  const squares = uncertainMean(deltaP.map((x) => x * x));
  const rms = Math.sqrt(squares.value);
  const [perplexityBase, perplexityOther] = [Math.exp(mean(base)), Math.exp(mean(other))];
  const sorted = Float64Array.from(kld).sort();
  return {
    n: tokens.length,
    perplexityBase,
    perplexityOther,
    correlation: correlation(base, other),
    logRatio,
    ratio: { value: ratio, stderr: logRatio.stderr === null ? null : ratio * logRatio.stderr },
    difference: perplexityOther - perplexityBase,
    meanKld: uncertainMean(kld),
    maxKld: sorted.at(-1)!,
    minKld: sorted[0]!,
    kldPercentiles: percentiles(kld, KLD_FRACTIONS),
    meanDeltaP: uncertainMean(deltaP),
    rmsDeltaP: {
      value: rms,
      stderr: squares.stderr === null || rms === 0 ? null : (0.5 / rms) * squares.stderr,
    },
    deltaPPercentiles: percentiles(deltaP, DELTA_P_FRACTIONS),
    sameTop: uncertainMean(tokens.map((token) => (token.sameTop ? 1 : 0))),
  };
}

function percentiles(values: readonly number[], fractions: readonly number[]): [number, number][] {
  const sorted = Float64Array.from(values).sort();
  return fractions.map((f) => [f, quantile(sorted, f)]);
}

function uncertainMean(values: readonly number[]): Uncertain {
  const value = mean(values);
  if (values.length <= 1) return { value, stderr: null };
  const spread = values.reduce((sum, x) => sum + (x - value) ** 2, 0) / values.length;
  return { value, stderr: Math.sqrt(spread / (values.length - 1)) };
}

function topToken(values: Float64Array): number {
  let best = 0;
  for (let v = 1; v < values.length; v++) if (values[v]! > values[best]!) best = v;
  return best;
}
