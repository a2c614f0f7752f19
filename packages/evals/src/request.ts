import { InvalidInputError } from '@bitcliff/core';
import type { TokenPair } from './encode-pair.ts';

/**
 * One log-likelihood question to a model, already truncated.
 * The model reads `context ++ continuation[:-1]`, at most `maxLength` tokens; row `context.length - 1 + j` of its output
 * predicts `continuation[j]`:
 *
 *     context        c0 c1 c2
 *     continuation            t0 t1
 *     model input    c0 c1 c2 t0
 *     scored rows          ^  ^      log p(t0 | c0 c1 c2) + log p(t1 | c0 c1 c2 t0)
 */
export interface TokenRequest {
  /** Token ids, at least one. */
  readonly context: readonly number[];
  /** Token ids, at least one. */
  readonly continuation: readonly number[];
}

/** A model's answer to one {@link TokenRequest}. */
export interface RequestScore {
  /** Σ_j log p(continuation[j] | everything before it), nats, summed in float64. */
  readonly logProb: number;
  /** True when every continuation token is the argmax of its row (ties: the lowest id). */
  readonly isGreedy: boolean;
}

/**
 * Fit a pair into the model's window: drop tokens from the left of the context, BOS included, as the harness does.
 * @param maxLength longest model input, tokens, ≥ 1
 * @param where the item, for errors
 * @returns the request, and whether tokens were dropped
 * @throws {InvalidInputError} when either side is empty, or the continuation alone is longer than `maxLength`
 * @see lm_eval/models/huggingface.py `_loglikelihood_tokens` @ 4e7e0d47: `(ctx + cont)[-(max_length + 1):][:-1]`
 */
export function truncateRequest(
  pair: TokenPair,
  maxLength: number,
  where?: string,
): { request: TokenRequest; truncated: boolean } {
  const { context, continuation } = pair;
  const place = where === undefined ? {} : { where };
  const op = 'truncateRequest';
  if (context.length === 0) {
    throw new InvalidInputError({
      op,
      problem: 'context has no tokens',
      expected: 'at least 1',
      received: 0,
      ...place,
      hint: 'A context of whitespace only needs a tokenizer that adds BOS',
    });
  }
  if (continuation.length === 0) {
    throw new InvalidInputError({
      op,
      problem: 'continuation has no tokens',
      expected: 'at least 1',
      received: 0,
      ...place,
      hint: 'The tokenizer merged it into the last token of the context, or its text is empty',
    });
  }
  if (continuation.length > maxLength) {
    throw new InvalidInputError({
      op,
      problem: 'continuation is longer than the model input',
      expected: `at most ${maxLength} tokens`,
      received: continuation.length,
      ...place,
    });
  }
  const room = maxLength + 1 - continuation.length; // ≥ 1: the last continuation token is not read
  if (context.length <= room) return { request: { context, continuation }, truncated: false };
  return { request: { context: context.slice(-room), continuation }, truncated: true };
}
