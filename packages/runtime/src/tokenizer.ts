import { FormatError, InvalidInputError } from '@bitcliff/core';
import type { Tokenizer } from '@huggingface/tokenizers';
import { createWordTokenizer } from './word-tokenizer.ts';

/** The contents of `tokenizer.json` and `tokenizer_config.json`. */
export interface TokenizerFiles {
  readonly tokenizer: object;
  readonly config: object;
}

/** Text to token ids and back. */
export interface TextTokenizer {
  /**
   * @param options.addSpecialTokens add what the tokenizer's post-processor adds, such as a BOS token. @default true
   */
  encode(text: string, options?: { addSpecialTokens?: boolean | undefined }): number[];
  /** @param options.skipSpecialTokens leave BOS, EOS and their like out of the text. @default false */
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string;
  /** From tokenizer_config.json; `undefined` when the tokenizer names none. */
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  /** One more than the largest id, special tokens included. */
  readonly vocabularySize: number;
  /** What it was made of, in the form of `tokenizer.json` and `tokenizer_config.json`. */
  readonly files: TokenizerFiles;
}

/**
 * A tokenizer from the contents of `tokenizer.json` and `tokenizer_config.json`.
 * @throws {FormatError} when the two do not make a tokenizer
 */
export function createTokenizer(tokenizerJson: object, tokenizerConfig: object, path: string): TextTokenizer {
  let tokenizer: Tokenizer;
  try {
    tokenizer = createWordTokenizer(tokenizerJson, tokenizerConfig);
  } catch (cause) {
    throw new FormatError({
      op: 'createTokenizer',
      problem: 'the tokenizer cannot be built',
      expected: 'a tokenizer.json of the Hugging Face tokenizers library',
      received: cause instanceof Error ? cause.message : String(cause),
      path,
      cause,
    });
  }
  const specialId = (field: string): number | undefined => {
    const token = (tokenizerConfig as Record<string, unknown>)[field];
    const content =
      typeof token === 'object' && token !== null ? (token as { content?: unknown }).content : token;
    return typeof content === 'string' ? tokenizer.token_to_id(content) : undefined;
  };
  return {
    encode: (text, options = {}) =>
      tokenizer.encode(text, { add_special_tokens: options.addSpecialTokens ?? true }).ids,
    decode: (ids, options = {}) =>
      ids.length === 0 // the library refuses it
        ? ''
        : tokenizer.decode([...ids], {
            skip_special_tokens: options.skipSpecialTokens ?? false,
            clean_up_tokenization_spaces: false,
          }),
    bosTokenId: specialId('bos_token'),
    eosTokenId: specialId('eos_token'),
    vocabularySize: 1 + [...tokenizer.get_vocab(true).values()].reduce((max, id) => Math.max(max, id), -1),
    files: { tokenizer: tokenizerJson, config: tokenizerConfig },
  };
}

/** @throws {InvalidInputError} when a tokenizer gives ids that the model has no embedding for */
export function requireFittingTokenizer(
  tokenizer: TextTokenizer,
  vocabularySize: number,
  path: string,
): void {
  if (tokenizer.vocabularySize <= vocabularySize) return;
  throw new InvalidInputError({
    op: 'openCheckpoint',
    problem: 'the tokenizer has more tokens than the model',
    expected: `at most ${vocabularySize} (vocabulary size of the model)`,
    received: tokenizer.vocabularySize,
    path,
    hint: 'Token ids work without a tokenizer',
  });
}
