/**
 * @file Text pairs to token pairs, as lm-evaluation-harness does (eval-spec §1.2, §1.3). In the profile `lmeval` (0.4.9.2 and later) context and
 * continuation are tokenized **together** and cut by the number of context tokens; the space between them belongs to the
 * continuation. In `classic` (0.3.0) each is tokenized alone.
 */
import { InvalidInputError } from '@bitcliff/core';
import type { Profile } from './profile.ts';
import { pyRstrip } from './text/whitespace.ts';
import { type EvalTokenizer, resolvePrefixTokenId, type SpecialTokenOptions } from './tokenizer.ts';

/** A context and a continuation as token ids. */
export interface TokenPair {
  readonly context: readonly number[];
  readonly continuation: readonly number[];
}

/** Encodes text pairs; keeps the ids of the last context, which the choices of one item share. */
export type PairEncoder = (context: string, continuation: string) => TokenPair;

/** How text becomes tokens. */
export interface EncodeOptions extends SpecialTokenOptions {
  /** @default 'lmeval' */
  readonly profile?: Profile | undefined;
}

/**
 * A function from text to token ids under the tokenizer's policy about special tokens: `addBos` if it is set, else the tokenizer's
 * default; a text that spells out the prefix token gets none.
 * @see lm_eval/models/huggingface.py `tok_encode` @ 4e7e0d47
 */
export function createTextEncoder(
  tokenizer: EvalTokenizer,
  options: SpecialTokenOptions = {},
): (text: string) => number[] {
  const prefixId = resolvePrefixTokenId(tokenizer, options);
  const prefixText = prefixId === undefined ? '' : tokenizer.decode([prefixId]);
  return (text) => {
    const hasPrefix = prefixText !== '' && text.startsWith(prefixText); // its own BOS: do not add another
    const addSpecialTokens = hasPrefix ? false : options.addBos;
    return tokenizer.encode(text, addSpecialTokens === undefined ? {} : { addSpecialTokens });
  };
}

/**
 * True when the tokenizer puts special tokens **behind** a text, such as EOS: they then stand at the end of every continuation and are scored, as in
 * the harness. Worth a warning.
 */
export function appendsSpecialTokens(tokenizer: EvalTokenizer, options: EncodeOptions = {}): boolean {
  if (options.profile === 'classic') return false;
  const plain = tokenizer.encode('a', { addSpecialTokens: false });
  return createTextEncoder(tokenizer, options)('a').at(-1) !== plain.at(-1);
}

/**
 * A function from text pairs to token pairs for one tokenizer and one policy.
 * Where a merge crosses the boundary the pair is what the harness scores: the context's own last tokens, then the whole
 * text's tokens from that count on; the continuation can come out empty.
 * An empty context becomes the prefix token, unless the continuation starts with it.
 * @throws {InvalidInputError} (the returned function) on an empty context without a prefix token
 * @example
 * const encode = createPairEncoder(tokenizer, { addBos: false });
 * encode('The cat ', 'sat'); // the pair of 'The cat' and ' sat'
 * @see lm_eval/api/model.py `_encode_pair`, `loglikelihood` @ 4e7e0d47; lm_eval/base.py `loglikelihood` @ v0.3.0
 */
export function createPairEncoder(tokenizer: EvalTokenizer, options: EncodeOptions = {}): PairEncoder {
  const isClassic = options.profile === 'classic';
  const prefixId = resolvePrefixTokenId(tokenizer, options);
  const encodeText = createTextEncoder(tokenizer, isClassic ? { ...options, addBos: false } : options);

  let lastCore: string | undefined;
  let lastIds: readonly number[] = [];
  return (context, continuation) => {
    if (context === '') return encodeWithoutContext(tokenizer, prefixId, continuation);
    const core = isClassic ? context : pyRstrip(context);
    if (core !== lastCore) [lastCore, lastIds] = [core, encodeText(core)];
    if (isClassic) return { context: lastIds, continuation: encodeText(continuation) };
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
  options: EncodeOptions = {},
): TokenPair {
  return createPairEncoder(tokenizer, options)(context, continuation);
}

function encodeWithoutContext(
  tokenizer: EvalTokenizer,
  prefixId: number | undefined,
  continuation: string,
): TokenPair {
  const id = requirePrefix('encodePair', prefixId);
  const ids = tokenizer.encode(continuation, { addSpecialTokens: false });
  return { context: [id], continuation: ids[0] === id ? ids.slice(1) : ids };
}

/** @throws {InvalidInputError} when there is no token to stand for an empty context */
export function requirePrefix(op: string, prefixId: number | undefined): number {
  if (prefixId !== undefined) return prefixId;
  throw new InvalidInputError({
    op,
    problem: 'empty context, and the tokenizer has neither a BOS nor an EOS token',
    hint: 'Set prefixTokenId',
  });
}
