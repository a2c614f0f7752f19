/**
 * @file Trains a byte-level BPE as GPT-2 has it and writes it as Hugging Face `tokenizer.json`. The alphabet is printable
 * ASCII and the line feed, because the stories need no more and every piece costs a row of the embedding; other characters
 * become `<|unk|>`. Pieces: 0 `<|bos|>`, 1 `<|eos|>`, 2 `<|unk|>`, the alphabet, the merges in order of learning.
 */
import { Tokenizer } from '@huggingface/tokenizers';

const BOS = '<|bos|>';
const EOS = '<|eos|>';
const UNK = '<|unk|>';
export const BOS_ID = 0;

/** Contents of `tokenizer.json` and `tokenizer_config.json`. */
export interface TokenizerFiles {
  readonly tokenizer: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
}

// GPT-2's splitting pattern (openai/gpt-2 src/encoder.py), the one that "use_regex": true means
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

// GPT-2 bytes_to_unicode(): printable bytes stand for themselves, byte b of the others for U+0100 + its rank
const SPACE = 'Ġ';
const LINE_FEED = 'Ċ';

/** @param texts ASCII @param vocabSize pieces, special ones included, 99 ≤ vocabSize */
export function trainTokenizer(
  texts: Iterable<string>,
  vocabSize: number,
  maxLength: number,
): TokenizerFiles {
  const printable = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i));
  const pieces = [BOS, EOS, UNK, ...printable, LINE_FEED, SPACE];
  const merges = learnMerges(texts, vocabSize - pieces.length);
  for (const [a, b] of merges) pieces.push(a + b);
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [BOS, EOS, UNK].map((content, id) => ({
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ SpecialToken: { id: BOS, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
        pair: [
          { SpecialToken: { id: BOS, type_id: 0 } },
          { Sequence: { id: 'A', type_id: 0 } },
          { Sequence: { id: 'B', type_id: 1 } },
        ],
        special_tokens: { [BOS]: { id: BOS, ids: [BOS_ID], tokens: [BOS] } },
      },
      decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: UNK,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
        merges: merges.map((pair) => pair.join(' ')),
      },
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      add_bos_token: true,
      add_eos_token: false,
      bos_token: BOS,
      eos_token: EOS,
      unk_token: UNK,
      clean_up_tokenization_spaces: false,
      model_max_length: maxLength,
    },
  };
}

/** The most frequent neighbours first, ties in order of code units; stops when no pair occurs twice. */
function learnMerges(texts: Iterable<string>, count: number): [string, string][] {
  const frequency = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of text.matchAll(WORDS)) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  }
  const words = [...frequency].map(([word, n]) => ({
    n,
    parts: [...word].map((c) => (c === ' ' ? SPACE : c === '\n' ? LINE_FEED : c)),
  }));
  const merges: [string, string][] = [];
  while (merges.length < count) {
    const pairs = new Map<string, number>();
    for (const { n, parts } of words) {
      for (let i = 1; i < parts.length; i++) {
        const pair = `${parts[i - 1]} ${parts[i]}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + n);
      }
    }
    let best: [pair: string, n: number] | undefined;
    for (const [pair, n] of pairs) {
      if (best === undefined || n > best[1] || (n === best[1] && pair < best[0])) best = [pair, n];
    }
    if (best === undefined || best[1] < 2) break;
    const [a, b] = best[0].split(' ') as [string, string];
    merges.push([a, b]);
    for (const word of words) {
      for (let i = 1; i < word.parts.length; i++) {
        if (word.parts[i - 1] === a && word.parts[i] === b) word.parts.splice(i - 1, 2, a + b);
      }
    }
  }
  return merges;
}

/** The library that every consumer of the checkpoint uses, on these files. */
export function loadTokenizer(files: TokenizerFiles): Tokenizer {
  return new Tokenizer(files.tokenizer as object, files.config as object);
}

/** Ids of a text, `<|bos|>` first. */
export function encode(tokenizer: Tokenizer, text: string): number[] {
  return [...tokenizer.encode(text).ids];
}
