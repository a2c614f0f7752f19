import { InvalidInputError } from '@bitcliff/core';

/** What the evals need of a tokenizer; any object with these members does. */
export interface EvalTokenizer {
  /**
   * Ids of a text.
   * @param options.addSpecialTokens true or false forces it; left out, the tokenizer's own default holds (its post-processor)
   */
  encode(text: string, options?: { addSpecialTokens?: boolean }): number[];
  /** Text of ids, special tokens written out (`<s>`), not skipped. */
  decode(ids: readonly number[]): string;
  readonly bosTokenId?: number | undefined;
  readonly eosTokenId?: number | undefined;
}

/** How special tokens are put before a prompt: lm-evaluation-harness 0.4.9.2 and later. */
export interface SpecialTokenOptions {
  /** Put the beginning-of-sequence token before prompts, or not. @default the tokenizer's own default */
  readonly addBos?: boolean | undefined;
  /** Token that stands for an empty context. @default the tokenizer's `bosTokenId`, else its `eosTokenId` */
  readonly prefixTokenId?: number | undefined;
}

/**
 * The id that an empty context becomes: the given one, else BOS, else EOS.
 * @returns undefined when there is none of the three
 * @throws {InvalidInputError} when it is not a non-negative integer
 * @see lm_eval/models/huggingface.py `prefix_token_id` @ 4e7e0d47
 */
export function resolvePrefixTokenId(
  tokenizer: EvalTokenizer,
  options: SpecialTokenOptions = {},
): number | undefined {
  const id = options.prefixTokenId ?? tokenizer.bosTokenId ?? tokenizer.eosTokenId;
  if (id !== undefined && (!Number.isSafeInteger(id) || id < 0)) {
    throw new InvalidInputError({
      op: 'resolvePrefixTokenId',
      problem: 'bad token id',
      expected: 'a non-negative integer',
      received: id,
      where: 'prefixTokenId',
    });
  }
  return id;
}
