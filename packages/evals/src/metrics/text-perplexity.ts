import { InternalError } from '@bitcliff/core';
import type { Sample } from '../scoring/sample.ts';
import { type Metric, type Rate, rateMetric } from './metric.ts';

/** exp(−nats per unit) */
const perplexity = (size: Rate['size']): Metric =>
  rateMetric({
    higherIsBetter: false,
    size,
    fromRate: (rate) => Math.exp(-rate),
    slope: (rate) => -Math.exp(-rate),
  });

/** exp(−Σ log-likelihood / Σ words), words as `len(re.split(r"\s+", text))` of the text before cleaning. `word_perplexity` of the harness. */
export const wordPerplexity: Metric = perplexity((sample) => known(sample.words, 'words'));

/** exp(−Σ log-likelihood / Σ UTF-8 bytes) of the text before cleaning. `byte_perplexity` of the harness. */
export const bytePerplexity: Metric = perplexity((sample) => known(sample.bytes, 'bytes'));

/** exp(−Σ log-likelihood / Σ scored tokens): the perplexity of the quantization literature. Depends on the tokenizer. */
export const tokenPerplexity: Metric = perplexity(scoredTokens);

/** −Σ log-likelihood / Σ bytes / ln 2. `bits_per_byte` of the harness. */
export const bitsPerByte: Metric = rateMetric({
  higherIsBetter: false,
  size: (sample) => known(sample.bytes, 'bytes'),
  fromRate: (rate) => -rate / Math.LN2,
  slope: () => -1 / Math.LN2,
});

function scoredTokens(sample: Sample): number {
  return sample.continuationTokens.reduce((sum, tokens) => sum + tokens, 0);
}

/** @throws {InternalError} when the task does not give this size */
export function known(size: number | null, what: string): number {
  if (size === null)
    throw new InternalError(`a metric per unit of text, of an item whose ${what} are not given`);
  return size;
}
