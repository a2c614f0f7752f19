/**
 * @file Text pairs to token pairs, as lm-evaluation-harness does (eval-spec §1.2, §1.3, profile `lmeval-0.4.9.2+`).
 * Context and continuation are tokenized **together** and cut by the number of context tokens; the space between them
 * belongs to the continuation.
 */
import { InvalidInputError } from '@bitcliff/core';
import { pyRstrip } from './text/whitespace.ts';
import { type EvalTokenizer, resolvePrefixTokenId, type SpecialTokenOptions } from './tokenizer.ts';

/** A context and a continuation as token ids. */
export interface TokenPair {
  readonly context: readonly number[];
  readonly continuation: readonly number[];
}

/** Encodes text pairs; keeps the ids of the last context, which the choices of one item share. */
export type PairEncoder = (context: string, continuation: string) => TokenPair;

/**
 * A function from text pairs to token pairs for one tokenizer and one policy.
 * Where a merge crosses the boundary the pair is what the harness scores: the context's own last tokens, then the whole
 * text's tokens from that count on; the continuation can come out empty.
 * An empty context becomes the prefix token, unless the continuation starts with it.
 * @throws {InvalidInputError} (the returned function) on an empty context without a prefix token
 * @example
 * const encode = createPairEncoder(tokenizer, { addBos: false });
 * encode('The cat ', 'sat'); // the pair of 'The cat' and ' sat'
 * @see lm_eval/api/model.py `_encode_pair`, `loglikelihood` @ 4e7e0d47
 */
export function createPairEncoder(tokenizer: EvalTokenizer, options: SpecialTokenOptions = {}): PairEncoder {
  const prefixId = resolvePrefixTokenId(tokenizer, options);
  const prefixText = prefixId === undefined ? '' : tokenizer.decode([prefixId]);
  const encodeText = (text: string): number[] => {
    const hasPrefix = prefixText !== '' && text.startsWith(prefixText); // its own BOS: do not add another
    const addSpecialTokens = hasPrefix ? false : options.addBos;
    return tokenizer.encode(text, addSpecialTokens === undefined ? {} : { addSpecialTokens });
  };

  let lastCore: string | undefined;
  let lastIds: readonly number[] = [];
  return (context, continuation) => {
    if (context === '') return encodeWithoutContext(tokenizer, prefixId, continuation);
    const core = pyRstrip(context);
    if (core !== lastCore) [lastCore, lastIds] = [core, encodeText(core)];
    const whole = encodeText(context + continuation); // = core + (the moved whitespace + continuation)
    return { context: lastIds, continuation: whole.slice(lastIds.length) };
  };
}

/**
 * Encode one pair; see {@link createPairEncoder}, which is faster for many.
 * @throws {InvalidInputError} on an empty context without a prefix token
 */
export function encodePair(
  tokenizer: EvalTokenizer,
  context: string,
  continuation: string,
  options: SpecialTokenOptions = {},
): TokenPair {
  return createPairEncoder(tokenizer, options)(context, continuation);
}

function encodeWithoutContext(
  tokenizer: EvalTokenizer,
  prefixId: number | undefined,
  continuation: string,
): TokenPair {
  if (prefixId === undefined) {
    throw new InvalidInputError({
      op: 'encodePair',
      problem: 'empty context, and the tokenizer has neither a BOS nor an EOS token',
      hint: 'Set prefixTokenId',
    });
  }
  const ids = tokenizer.encode(continuation, { addSpecialTokens: false });
  if (ids[0] !== prefixId) return { context: [prefixId], continuation: ids };
  return { context: [prefixId], continuation: ids.slice(1) };
}
