import { accuracy, byteAccuracy, normalizedAccuracy } from './accuracy.ts';
import { byteLikelihood, meanByteLikelihood } from './byte-likelihood.ts';
import type { Metric } from './metric.ts';
import { targetPerplexity } from './target-perplexity.ts';
import { bitsPerByte, bytePerplexity, tokenPerplexity, wordPerplexity } from './text-perplexity.ts';

/** Every metric by its name in results: a stored result is compared without its task. */
export const METRICS: Readonly<Record<string, Metric>> = {
  acc: accuracy,
  exact_match: accuracy, // of what was generated
  acc_norm: normalizedAccuracy,
  acc_bytes: byteAccuracy,
  perplexity: targetPerplexity,
  word_perplexity: wordPerplexity,
  byte_perplexity: bytePerplexity,
  bits_per_byte: bitsPerByte,
  token_perplexity: tokenPerplexity,
  likelihood_bytes: byteLikelihood,
  likelihood_bytes_macro: meanByteLikelihood,
};
