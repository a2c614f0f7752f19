/** @file Calibration tokens that need no model: windows of a text's tokens, random tokens, random punctuation. */
import { createRng, InvalidInputError } from '@bitcliff/core';

/** How many sequences of which length. */
export interface WindowOptions {
  /** Sequences. */
  readonly count: number;
  /** Tokens of each. */
  readonly length: number;
  /** Same seed, same sequences. */
  readonly seed: number;
}

/**
 * Windows at random places of a long run of tokens, as the GPTQ and AWQ papers draw theirs; they may overlap.
 * @param tokens ids of a text, in order
 * @returns `count` windows of `length` ids
 * @throws {InvalidInputError} when there are fewer tokens than one window has
 */
export function tokenWindows(tokens: ArrayLike<number>, options: WindowOptions): Uint32Array[] {
  const { count, length, seed } = checkOptions('tokenWindows', options);
  if (tokens.length < length) {
    throw new InvalidInputError({
      op: 'tokenWindows',
      problem: 'the calibration text is shorter than one window',
      expected: `at least ${length} tokens`,
      received: tokens.length,
      hint: 'Give more text, or ask for shorter windows',
    });
  }
  const rng = createRng(seed);
  return Array.from({ length: count }, () => {
    const start = rng.int(tokens.length - length + 1);
    return Uint32Array.from({ length }, (_, i) => tokens[start + i]!);
  });
}

/**
 * Tokens drawn evenly from a vocabulary.
 * @param vocabulary ids to draw from, or the size of the vocabulary for all of it
 */
export function randomTokens(vocabulary: number | ArrayLike<number>, options: WindowOptions): Uint32Array[] {
  const { count, length, seed } = checkOptions('randomTokens', options);
  const size = typeof vocabulary === 'number' ? vocabulary : vocabulary.length;
  if (!Number.isSafeInteger(size) || size < 1) {
    const problem = 'an empty vocabulary';
    throw new InvalidInputError({
      op: 'randomTokens',
      problem,
      expected: 'at least one token',
      received: size,
    });
  }
  const rng = createRng(seed);
  const draw = (): number => (typeof vocabulary === 'number' ? rng.int(size) : vocabulary[rng.int(size)]!);
  return Array.from({ length: count }, () => Uint32Array.from({ length }, draw));
}

/** The ASCII punctuation of Python's `string.punctuation`. */
export const ASCII_PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/**
 * Text of random ASCII punctuation, the nonsense of the calibration paper (arXiv 2405.20835), to be tokenized and cut by
 * {@link tokenWindows}.
 * @param options.characters of the text  @param options.seed same seed, same text
 */
export function randomPunctuation({ characters, seed }: { characters: number; seed: number }): string {
  checkOptions('randomPunctuation', { count: 1, length: characters, seed });
  const rng = createRng(seed);
  return Array.from({ length: characters }, () => ASCII_PUNCTUATION[rng.int(ASCII_PUNCTUATION.length)]!).join(
    '',
  );
}

function checkOptions(op: string, options: WindowOptions): WindowOptions {
  for (const [name, value] of Object.entries({ count: options.count, length: options.length })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new InvalidInputError({
      op,
      problem: `bad ${name}`,
      expected: 'a positive integer',
      received: value,
    });
  }
  return options;
}
