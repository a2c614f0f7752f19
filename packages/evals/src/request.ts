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

/** A pair that fits the model's window. */
export interface FittedRequest {
  readonly request: TokenRequest;
  /** Tokens were dropped. */
  readonly truncated: boolean;
  /** Tokens of the continuation were dropped too: its score is that of its last `maxLength` tokens. */
  readonly continuationCut: boolean;
}

/**
 * Fit a pair into the model's window: drop tokens from the left, BOS included, as the harness does.
 * A continuation that alone is longer than `maxLength`, which the harness refuses with an assertion, is cut by the same rule: of
 * `context ++ continuation` the last `maxLength + 1` tokens stay, the first of them as the context of the others.
 * @param maxLength longest model input, tokens, ≥ 1
 * @param where the item, for errors
 * @throws {InvalidInputError} when either side is empty
 * @see lm_eval/models/huggingface.py `_loglikelihood_tokens` @ 4e7e0d47: `(ctx + cont)[-(max_length + 1):][:-1]`
 */
export function truncateRequest(pair: TokenPair, maxLength: number, where?: string): FittedRequest {
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
  const dropped = context.length + continuation.length - (maxLength + 1); // the last token of all is not read
  if (dropped <= 0) return { request: { context, continuation }, truncated: false, continuationCut: false };
  if (dropped < context.length) {
    const request = { context: context.slice(dropped), continuation };
    return { request, truncated: true, continuationCut: false };
  }
  const kept = [...context, ...continuation].slice(dropped);
  const request = { context: kept.slice(0, 1), continuation: kept.slice(1) };
  return { request, truncated: true, continuationCut: true };
}
