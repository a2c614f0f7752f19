import { InvalidInputError } from '@bitcliff/core';
import { argmax } from '../scoring/argmax.ts';
import { logSoftmax } from './softmax.ts';

/** One bin of a reliability diagram. */
export interface CalibrationBin {
  readonly n: number;
  /** Mean confidence in the bin, [0, 1]; 0 when empty. */
  readonly confidence: number;
  /** Share of right answers in the bin; 0 when empty. */
  readonly accuracy: number;
}

/**
 * Expected calibration error of multiple-choice answers: Σ_b (n_b / n)·|accuracy_b − confidence_b|. The confidence of an item is the largest
 * probability of the softmax over its choices; bins have equal width, bin b holds (b/B, (b+1)/B].
 * @param logProbs log-likelihood of each choice of each item, nats @param gold index of the right choice of each item
 * @param bins ≥ 1. @default 15
 * @returns the error in [0, 1] and the bins
 * @throws {InvalidInputError} on lists that are empty or differ in length
 * @see Guo et al. 2017, arXiv 1706.04599, eq. (3)
 */
export function calibrationError(
  logProbs: readonly (readonly number[])[],
  gold: readonly number[],
  bins: number = 15,
): { error: number; bins: CalibrationBin[] } {
  if (logProbs.length === 0 || logProbs.length !== gold.length || !Number.isSafeInteger(bins) || bins < 1) {
    throw new InvalidInputError({
      op: 'calibrationError',
      problem: 'bad lists',
      expected: 'as many answers as items, at least 1 item and 1 bin',
      received: `${logProbs.length} items, ${gold.length} answers, ${bins} bins`,
    });
  }
  const sums = Array.from({ length: bins }, () => ({ n: 0, confidence: 0, hits: 0 }));
  for (const [i, choices] of logProbs.entries()) {
    const best = argmax(choices);
    const confidence = Math.exp(logSoftmax(choices)[best]!);
    const bin = sums[Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1))]!;
    bin.n++;
    bin.confidence += confidence;
    if (best === gold[i]) bin.hits++;
  }
  const error = sums.reduce((sum, { confidence, hits }) => sum + Math.abs(hits - confidence), 0);
  return {
    error: error / logProbs.length,
    bins: sums.map(({ n, confidence, hits }) => ({
      n,
      confidence: n === 0 ? 0 : confidence / n,
      accuracy: n === 0 ? 0 : hits / n,
    })),
  };
}
