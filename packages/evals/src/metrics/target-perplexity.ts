import { type Metric, rateMetric } from './metric.ts';

/**
 * exp(−mean log-likelihood of the targets): perplexity per target, not per token. `perplexity` of the harness.
 *
 * Standard error by the delta method, perplexity × standard error of the mean log-likelihood. This is ours: the harness
 * bootstraps 100,000 replicates with CPython's random numbers, which `bootstrapIterations` asks for. The two agree for a small error
 * of the mean and part where it nears 1 nat.
 * @see lm_eval/api/metrics.py `perplexity` @ 4e7e0d47
 */
export const targetPerplexity: Metric = rateMetric({
  higherIsBetter: false,
  isBootstrapped: true,
  size: () => 1,
  fromRate: (rate) => Math.exp(-rate),
  slope: (rate) => -Math.exp(-rate),
});
