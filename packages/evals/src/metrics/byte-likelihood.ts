/** @file "Likelihood (bytes)" of Paralex. The paper (arXiv 2305.19268) defines it nowhere; these are definitions of ours (eval-spec §6, reading A). */
import { type Metric, meanMetric, rateMetric, totalLogProb } from './metric.ts';
import { known } from './text-perplexity.ts';

/** exp(Σ log-likelihood / Σ bytes) in (0, 1]: the likelihood of a byte of the reference. = 1 / byte perplexity = 2^(−bits per byte). */
export const byteLikelihood: Metric = rateMetric({
  higherIsBetter: true,
  size: (sample) => known(sample.bytes, 'bytes'),
  fromRate: Math.exp,
  slope: Math.exp,
});

/** Mean over items of exp(log-likelihood / bytes), in (0, 1]: every item weighs the same, however long. */
export const meanByteLikelihood: Metric = meanMetric((sample) =>
  Math.exp(totalLogProb(sample) / known(sample.bytes, 'bytes')),
);
