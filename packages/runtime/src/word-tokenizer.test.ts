import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { createRng } from '@bitcliff/core';
import { openGgufFile } from '@bitcliff/formats/node';
import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { realTexts } from '../test/helpers/texts.ts';
import { ggufTokenizerFiles } from './gguf/gguf-tokenizer.ts';
import type { TokenizerFiles } from './tokenizer.ts';
import { createWordTokenizer } from './word-tokenizer.ts';

const PIECES = [...'▁abc.', '▁▁', '▁▁▁▁', 'ab', '▁a', '▁ab', 'bc', 'abc', '..', 'aa', '▁▁a'];
const MERGES = ['▁ ▁', '▁▁ ▁▁', 'b c', 'a b', '▁ a', '▁ ab', 'a bc', '. .', 'a a', '▁▁ a'];

/** A SentencePiece vocabulary in the form that its conversion has. */
function spaces(changes: { model?: object; pre_tokenizer?: object | null; merges?: string[] } = {}): object {
  return {
    added_tokens: [{ id: 90, content: '<s>', special: true, normalized: false }],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: changes.pre_tokenizer ?? null,
    post_processor: null,
    decoder: null,
    model: {
      type: 'BPE',
      unk_token: '▁',
      vocab: Object.fromEntries(
        [...PIECES, ...(changes.merges ?? []).map((m) => m.replace(' ', ''))].map((p, id) => [p, id]),
      ),
      merges: [...(changes.merges ?? []), ...MERGES],
      ...changes.model,
    },
  };
}

function expectSameIds({ tokenizer, config }: TokenizerFiles, texts: readonly string[]): void {
  const [ours, library] = [createWordTokenizer(tokenizer, config), new Tokenizer(tokenizer, config)];
  for (const round of [1, 2]) {
    // the second time from memory
    for (const text of texts)
      expect(ours.encode(text).ids, `round ${round}: ${text}`).toEqual(library.encode(text).ids);
  }
}

/** Texts of the few characters that the vocabulary merges, so that every tie and every run of spaces comes up. */
const texts = (count: number): string[] => {
  const rng = createRng(7);
  const characters = ['a', 'b', 'c', '.', ' ', ' ', '\n', '<s>', 'é', "'s", '1', '\u00a0'];
  const text = (): string =>
    Array.from({ length: 1 + rng.int(60) }, () => characters[rng.int(characters.length)]).join('');
  return Array.from({ length: count }, text);
};

describe('words of a text without a pre-tokenizer', () => {
  it('are merged apart, with the same ids', () => {
    expect(createWordTokenizer(spaces(), {}).pre_tokenizer?.('▁ab▁▁c.▁')).toEqual(['▁ab', '▁▁c.', '▁']);
    expectSameIds({ tokenizer: spaces(), config: {} }, texts(2000));
  });

  it('Metaspace too', () => {
    const tokenizer = { ...spaces({ pre_tokenizer: { type: 'Metaspace' } }), normalizer: null };
    expect(createWordTokenizer(tokenizer, {}).pre_tokenizer?.('ab c')).toEqual(['▁ab', '▁c']);
    expectSameIds({ tokenizer, config: {} }, texts(500));
  });

  it.each([
    ['a merge joins a word with the next space', { merges: ['c ▁'] }],
    ['a word that is a token is taken whole', { model: { ignore_merges: true } }],
    ['words have their own last piece', { model: { end_of_word_suffix: '</w>' } }],
  ])('stay together where %s', (_, changes) => {
    expect(createWordTokenizer(spaces(changes), {}).pre_tokenizer).toBe(null);
    expectSameIds({ tokenizer: spaces(changes), config: {} }, texts(500));
  });
});

const shared = process.env.BITCLIFF_SHARED;
describe.skipIf(shared === undefined)('real text (skipped without BITCLIFF_SHARED)', () => {
  const json = (path: string): TokenizerFiles => ({
    tokenizer: JSON.parse(gunzipSync(readFileSync(`${shared}/data/tokenizers/${path}`)).toString()),
    config: {},
  });
  const gguf = async (): Promise<TokenizerFiles> => {
    const file = await openGgufFile(`${shared}/data/gguf/ggml-vocab-llama-spm.gguf`);
    const files = ggufTokenizerFiles(file)!;
    await file.close();
    return files;
  };
  /** As Llama 3 has it: a regular expression of its own, and bytes behind it. */
  const splitFirst = (): TokenizerFiles => {
    const { tokenizer, config } = json('gpt2/tokenizer.json.gz');
    const Regex =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s+";
    const split = { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
    const bytes = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
    const pre_tokenizer = { type: 'Sequence', pretokenizers: [split, bytes] };
    return { tokenizer: { ...tokenizer, pre_tokenizer }, config };
  };
  it.each([
    ['a split before the bytes', async () => splitFirst()],
    ['gpt2', async () => json('gpt2/tokenizer.json.gz')],
    ['gpt-neox', async () => json('gpt-neox/20B_tokenizer.json.gz')],
    ['llama', gguf],
  ])(
    '%s: the ids of the library',
    async (_, files) => {
      expectSameIds(await files(), [...realTexts(shared!), ...texts(500)]);
    },
    60_000,
  );
});
