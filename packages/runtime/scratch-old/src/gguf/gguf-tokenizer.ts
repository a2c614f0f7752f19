/**
 * @file The tokenizer of a GGUF file as a tokenizer.json. `gpt2` is byte-level BPE with its merges. `llama` is SentencePiece BPE: a vocabulary with
 * scores, where the neighbours whose joint token scores highest are merged first. That is BPE whose merges are all ways to split a token in two,
 * ordered by the token's score, as transformers converts such tokenizers. Text where one token can be split in several ways may come out otherwise
 * than in llama.cpp, which then takes the leftmost (as between transformers' fast and slow tokenizers).
 */
import { FormatError, UnsupportedError } from '@bitcliff/core';
import type { GgufFile } from '@bitcliff/formats';
import type { TokenizerFiles } from '../tokenizer.ts';
import { BYTE_LEVEL_SPLITS, type ByteLevelSplit, SPLIT_WITHOUT_NAME } from './byte-level-splits.ts';
import {
  type GgufVocabulary,
  ggufNumbers,
  ggufStrings,
  ggufVocabulary,
  TOKEN_TYPE,
} from './gguf-vocabulary.ts';

/** Stands for a space in SentencePiece. */
export const SPACE_MARK = '▁';

/**
 * The tokenizer that the metadata describe.
 * @returns `null` when the file has none
 * @throws {UnsupportedError} for one that cannot be built; token ids still work
 * @throws {FormatError} for metadata that are missing or wrong
 */
export function ggufTokenizerFiles(file: GgufFile): TokenizerFiles | null {
  const model = file.metadata['tokenizer.ggml.model'];
  switch (model) {
    case undefined:
    case 'none':
    case 'no_vocab':
      return null;
    case 'gpt2':
      return byteLevel(file, ggufVocabulary(file));
    case 'llama':
      return sentencePiece(file, ggufVocabulary(file));
    default:
      throw cannotBuild(file, 'tokenizer.ggml.model', 'gpt2, llama', model);
  }
}

function byteLevel(file: GgufFile, vocabulary: GgufVocabulary): TokenizerFiles {
  const split = splitOf(file);
  const addBos = vocabulary.flag('add_bos_token', split.addBos);
  const prefix = vocabulary.flag('add_space_prefix', false);
  const bytes = { type: 'ByteLevel', add_prefix_space: prefix, trim_offsets: true };
  const tokenizer = {
    version: '1.0',
    added_tokens: addedTokens(vocabulary),
    normalizer: split.nfc ? { type: 'NFC' } : null,
    pre_tokenizer:
      split.pattern === null
        ? { ...bytes, use_regex: true }
        : {
            type: 'Sequence',
            pretokenizers: [
              { type: 'Split', pattern: { Regex: split.pattern }, behavior: 'Isolated', invert: false },
              { ...bytes, use_regex: false },
            ],
          },
    post_processor: postProcessor(file, vocabulary, addBos),
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: split.ignoreMerges,
      vocab: idsByText(vocabulary),
      merges: ggufStrings(file, 'tokenizer.ggml.merges'),
    },
  };
  return { tokenizer, config: tokenizerConfig(vocabulary, addBos) };
}

function splitOf(file: GgufFile): ByteLevelSplit {
  const key = 'tokenizer.ggml.pre';
  const stated = file.metadata[key] ?? 'default';
  const name = stated === 'default' ? (SPLIT_WITHOUT_NAME[file.architecture ?? ''] ?? stated) : stated;
  const split = BYTE_LEVEL_SPLITS.get(name);
  if (split !== undefined) return split;
  throw cannotBuild(file, key, [...BYTE_LEVEL_SPLITS.keys()].join(', '), name);
}

function sentencePiece(file: GgufFile, vocabulary: GgufVocabulary): TokenizerFiles {
  if (vocabulary.flag('remove_extra_whitespaces', false)) {
    throw cannotBuild(file, 'tokenizer.ggml.remove_extra_whitespaces', 'false', 'true');
  }
  const { tokens } = vocabulary;
  const scores = ggufNumbers(file, 'tokenizer.ggml.scores', tokens.length);
  if (scores === undefined) {
    const where = 'key "tokenizer.ggml.scores"';
    throw new FormatError({
      op,
      problem: 'missing metadata key',
      expected: 'scores',
      where,
      path: file.name,
    });
  }
  const addBos = vocabulary.flag('add_bos_token', true);
  const prefix = vocabulary.flag('add_space_prefix', true);
  const spaces = { type: 'Replace', pattern: { String: ' ' }, content: SPACE_MARK };
  const strip = prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : [];
  const isByte = Array.from(vocabulary.types).filter((type) => type === TOKEN_TYPE.byte).length === 256;
  const tokenizer = {
    version: '1.0',
    added_tokens: addedTokens(vocabulary),
    normalizer: prefix
      ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: SPACE_MARK }, spaces] }
      : spaces,
    pre_tokenizer: null,
    post_processor: postProcessor(file, vocabulary, addBos),
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: SPACE_MARK }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...strip,
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: tokens[vocabulary.specialId('unknown') ?? 0] ?? null, // llama.cpp's default for this model
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: isByte,
      ignore_merges: false,
      vocab: idsByText(vocabulary),
      merges: mergesByScore(file, vocabulary, scores),
    },
  };
  return { tokenizer, config: tokenizerConfig(vocabulary, addBos) };
}

/** Longest token that can be merged, in characters: SentencePiece trains up to 16 unless told otherwise, and every way to split one is tried. */
const PIECE_LIMIT = 512;

/** All ways to split each token into two, the token with the highest score first. */
function mergesByScore(
  file: GgufFile,
  { tokens, types }: GgufVocabulary,
  scores: ArrayLike<number>,
): [string, string][] {
  const ids = new Map<string, number>();
  tokens.forEach((text, id) => {
    if (types[id] === TOKEN_TYPE.normal) ids.set(text, id);
  });
  const merges: { pair: [string, string]; id: number; left: number; right: number }[] = [];
  for (const [text, id] of ids) {
    const characters = [...text];
    if (characters.length > PIECE_LIMIT) {
      const expected = `tokens of at most ${PIECE_LIMIT} characters`;
      throw new FormatError({
        op,
        problem: 'a token is too long',
        expected,
        received: characters.length,
        path: file.name,
      });
    }
    for (let i = 1; i < characters.length; i++) {
      const pair: [string, string] = [characters.slice(0, i).join(''), characters.slice(i).join('')];
      const [left, right] = [ids.get(pair[0]), ids.get(pair[1])];
      if (left !== undefined && right !== undefined) merges.push({ pair, id, left, right });
    }
  }
  // as transformers, convert_slow_tokenizer.py, generate_merges: by score, a token's own splits by the ids of their parts
  merges.sort((a, b) => scores[b.id]! - scores[a.id]! || a.id - b.id || a.left - b.left || a.right - b.right);
  return merges.map(({ pair }) => pair);
}

function idsByText({ tokens }: GgufVocabulary): Record<string, number> {
  return Object.fromEntries(tokens.map((text, id) => [text, id]));
}

/** Control tokens and those that the user defined are found in text before anything else. */
function addedTokens({ tokens, types }: GgufVocabulary): object[] {
  const { control, unknown, userDefined } = TOKEN_TYPE;
  const added: number[] = [control, unknown, userDefined];
  return tokens.flatMap((content, id) =>
    added.includes(types[id]!)
      ? [
          {
            id,
            content,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: types[id] !== userDefined,
          },
        ]
      : [],
  );
}

function postProcessor(file: GgufFile, vocabulary: GgufVocabulary, addBos: boolean): object | null {
  const special = (name: string, isAdded: boolean): { text: string; id: number } | null => {
    if (!isAdded) return null;
    const id = vocabulary.specialId(name);
    if (id !== undefined) return { text: vocabulary.tokens[id]!, id };
    const where = `key "tokenizer.ggml.${name}_token_id"`;
    throw new FormatError({
      op,
      problem: 'a token is to be added that the file does not name',
      where,
      path: file.name,
    });
  };
  const bos = special('bos', addBos);
  const eos = special('eos', vocabulary.flag('add_eos_token', false));
  const both = [bos, eos].filter((token) => token !== null);
  if (both.length === 0) return null;
  const place = (token: { text: string } | null, type: number): object[] =>
    token === null ? [] : [{ SpecialToken: { id: token.text, type_id: type } }];
  const sequence = (name: string, type: number): object[] => [
    ...place(bos, type),
    { Sequence: { id: name, type_id: type } },
    ...place(eos, type),
  ];
  return {
    type: 'TemplateProcessing',
    single: sequence('A', 0),
    pair: [...sequence('A', 0), ...sequence('B', 1)],
    special_tokens: Object.fromEntries(
      both.map(({ text, id }) => [text, { id: text, ids: [id], tokens: [text] }]),
    ),
  };
}

function tokenizerConfig(vocabulary: GgufVocabulary, addBos: boolean): object {
  const text = (name: string): string | null => vocabulary.tokens[vocabulary.specialId(name) ?? -1] ?? null;
  return {
    bos_token: text('bos'),
    eos_token: text('eos'),
    unk_token: text('unknown'),
    pad_token: text('padding'),
    add_bos_token: addBos,
    add_eos_token: vocabulary.flag('add_eos_token', false),
    clean_up_tokenization_spaces: false,
  };
}

const op = 'openCheckpoint';

function cannotBuild(file: GgufFile, key: string, expected: string, received: string): UnsupportedError {
  return new UnsupportedError({
    op,
    problem: 'the tokenizer of the file cannot be built',
    expected: `one of: ${expected}`,
    received: JSON.stringify(received),
    where: `key "${key}"`,
    path: file.name,
    hint: 'Token ids work without a tokenizer',
  });
}
