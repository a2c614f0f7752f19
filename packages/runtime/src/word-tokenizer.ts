/**
 * @file The tokenizer of the library, made fast for many similar texts without another result. Most of its time goes into words, which recur: BPE has a cache
 * that moves an entry on every hit and holds 10,000, the bytes of a word are made anew each time. Tokenizers converted from SentencePiece split nothing, so that a whole text is one word.
 */
import { BPE, ByteLevelPreTokenizer, SequencePreTokenizer, Tokenizer } from '@huggingface/tokenizers';

/** Stands for a space in SentencePiece. */
export const SPACE_MARK = '▁';

/** Words that are remembered at most; all are forgotten then. English text has about 30,000 in ten million. */
const MAX_WORDS = 2 ** 17;
/** Longer words hardly recur. */
const MAX_WORD_LENGTH = 64;

/** The parts of `tokenizer.json` that decide whether words may be split. */
interface TokenizerJson {
  readonly pre_tokenizer?: { readonly type?: string } | null;
  readonly model?: {
    readonly type?: string;
    readonly merges?: readonly unknown[];
    readonly ignore_merges?: boolean;
    readonly end_of_word_suffix?: string | null;
    readonly continuing_subword_prefix?: string | null;
    readonly continuing_subword_suffix?: string | null;
  };
}

/**
 * The library's tokenizer with words of BPE and their bytes remembered, and whole texts split into words where no merge joins two.
 * @throws what the library throws for files that it does not understand
 */
export function createWordTokenizer(tokenizerJson: object, tokenizerConfig: object): Tokenizer {
  const tokenizer = new Tokenizer(splitWords(tokenizerJson), tokenizerConfig);
  const { model, pre_tokenizer: splitter } = tokenizer;
  if (model instanceof BPE) {
    const encode = model.encode.bind(model);
    model.encode = remembering((word) => encode([word])); // BPE encodes each word alone
  }
  for (const step of splitter instanceof SequencePreTokenizer ? splitter.tokenizers : [splitter])
    if (step instanceof ByteLevelPreTokenizer && !step.add_prefix_space) rememberBytes(step);
  return tokenizer;
}

/** Splits a text into words, and writes the bytes of each as characters; a word alone is no further split. */
function rememberBytes(step: ByteLevelPreTokenizer): void {
  const ofWords = remembering(step.pre_tokenize_text.bind(step));
  step.pre_tokenize_text = (text) => ofWords(step.use_regex ? (text.match(step.pattern) ?? []) : [text]);
}

/** What `make` gives for words, one behind the other. */
function remembering(make: (word: string) => string[]): (words: readonly string[]) => string[] {
  const known = new Map<string, readonly string[]>();
  return (words) => {
    const all: string[] = [];
    for (const word of words) {
      let own = known.get(word);
      if (own === undefined) {
        own = make(word);
        if (known.size === MAX_WORDS) known.clear();
        if (word.length <= MAX_WORD_LENGTH) known.set(word, own);
      }
      for (const part of own) all.push(part);
    }
    return all;
  };
}

/**
 * Merges of SentencePiece do not join the end of a word with the space before the next, so that its words can be merged apart: between any two
 * neighbours that may be merged the order stays, by rank and then from the left.
 */
function splitWords(tokenizerJson: object): object {
  const { pre_tokenizer: before, model } = tokenizerJson as TokenizerJson;
  const isWhole = before === null || before === undefined || before.type === 'Metaspace';
  if (!isWhole || model?.type !== 'BPE' || !Array.isArray(model.merges)) return tokenizerJson;
  if (
    model.ignore_merges ||
    model.end_of_word_suffix ||
    model.continuing_subword_prefix ||
    model.continuing_subword_suffix ||
    model.merges.some(joinsWords)
  )
    return tokenizerJson;
  const words = {
    type: 'Split',
    pattern: { Regex: `${SPACE_MARK}*[^${SPACE_MARK}]+|${SPACE_MARK}+` },
    behavior: 'Isolated',
    invert: false,
  };
  return {
    ...tokenizerJson,
    pre_tokenizer: before ? { type: 'Sequence', pretokenizers: [before, words] } : words,
  };
}

/** @param merge a pair, or both with a space between */
function joinsWords(merge: unknown): boolean {
  const [left, right] = typeof merge === 'string' ? merge.split(' ', 2) : (merge as readonly string[]);
  return !left!.endsWith(SPACE_MARK) && right!.startsWith(SPACE_MARK);
}
