import { mean, meanStderr } from './mean.ts';
import type { Metric } from './metric.ts';

/**
 * exp(−mean log-likelihood of the targets): perplexity per target, not per token. `perplexity` of the harness.
 *
 * Standard error by the delta method, perplexity × standard error of the mean log-likelihood. This is ours: the harness
 * bootstraps 100,000 replicates with CPython's random numbers. The two agree for a small error of the mean and part
 * where it nears 1 nat.
 * @see lm_eval/api/metrics.py `perplexity` @ 4e7e0d47
 */
export const targetPerplexity: Metric = {
  higherIsBetter: false,
  aggregate(samples) {
    const logProbs = samples.flatMap((sample) => sample.logProbs);
    const value = Math.exp(-mean(logProbs));
    const stderr = meanStderr(logProbs);
    return { value, stderr: stderr === null ? null : value * stderr };
  },
};
