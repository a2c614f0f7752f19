import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { BitcliffError } from '@bitcliff/core';
import { openGgufFile } from '@bitcliff/formats/node';
import { describe, expect, it } from 'vitest';
import { f32s, ggufFile, i32s, type ShortFields, strings } from '../../test/helpers/gguf.ts';
import { realTexts } from '../../test/helpers/texts.ts';
import { createTokenizer, type TextTokenizer } from '../tokenizer.ts';
import { ggufTokenizerFiles } from './gguf-tokenizer.ts';
import { ggufTokenizerFields } from './gguf-tokenizer-fields.ts';

async function build(fields: ShortFields): Promise<TextTokenizer> {
  const files = ggufTokenizerFiles(await ggufFile(fields));
  return createTokenizer(files!.tokenizer, files!.config, 'test.gguf');
}

/** A tokenizer written as metadata and read again. */
async function rebuild(tokenizer: TextTokenizer, size: number): Promise<TextTokenizer> {
  return build(Object.fromEntries(ggufTokenizerFields(tokenizer, size)));
}

const BYTES = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
/** ids: 0 unknown, 1 BOS, 2 EOS, 3 + b bytes, then these. */
const PIECES = ['▁', 'a', 'b', 'c', 'ab', '▁a', '▁ab', 'bc', '<tool>'];
const [, a, , , ab, , spaceAb, bc, tool] = PIECES.map((_, i) => 259 + i) as [number, ...number[]];
const SPM: ShortFields = {
  'tokenizer.ggml.model': 'llama',
  'tokenizer.ggml.tokens': strings(['<unk>', '<s>', '</s>', ...BYTES, ...PIECES]),
  // "bc" before "ab": abc is a + bc; "▁ab" is worth most
  'tokenizer.ggml.scores': f32s([...new Array(259).fill(0), -9, -9, -9, -9, -3, -4, -1, -2, 0]),
  'tokenizer.ggml.token_type': i32s([2, 3, 3, ...new Array(256).fill(6), 1, 1, 1, 1, 1, 1, 1, 1, 4]),
  'tokenizer.ggml.bos_token_id': 1,
  'tokenizer.ggml.eos_token_id': 2,
};

describe('a SentencePiece vocabulary', () => {
  it('merges by score, from the left, with bytes for unknown characters', async () => {
    const tokenizer = await build(SPM);
    // ▁abc: bc (−2) comes before ▁a (−4) and ab (−3); then ▁a
    expect(tokenizer.encode('abc')).toEqual([1, 259 + 5, bc]);
    expect(tokenizer.encode('ab', { addSpecialTokens: false })).toEqual([spaceAb]);
    expect(tokenizer.encode('ab\né', { addSpecialTokens: false })).toEqual([
      spaceAb,
      3 + 10,
      3 + 0xc3,
      3 + 0xa9,
    ]);
    expect(tokenizer.decode(tokenizer.encode('ab  é\nabc'), { skipSpecialTokens: true })).toBe('ab  é\nabc');
    expect([tokenizer.bosTokenId, tokenizer.eosTokenId, tokenizer.vocabularySize]).toEqual([1, 2, 268]);
  });

  it('finds control and user-defined tokens in the text first', async () => {
    const tokenizer = await build(SPM);
    expect(tokenizer.encode('a<tool>ab</s>', { addSpecialTokens: false })).toEqual([
      259 + 5,
      tool,
      spaceAb,
      2,
    ]);
  });

  it('heeds add_bos_token, add_eos_token and add_space_prefix', async () => {
    const changed = {
      ...SPM,
      'tokenizer.ggml.add_bos_token': false,
      'tokenizer.ggml.add_eos_token': true,
      'tokenizer.ggml.add_space_prefix': false,
    };
    const tokenizer = await build(changed);
    expect(tokenizer.encode('ab')).toEqual([ab, 2]);
    expect(tokenizer.decode([ab!, a!])).toBe('aba');
  });

  it('is written and read again', async () => {
    const original = await build(SPM);
    const again = await rebuild(original, 300);
    for (const text of ['abc', 'ab\né', 'a<tool>ab</s> cabbc', 'bcbcab  a'])
      expect(again.encode(text)).toEqual(original.encode(text));
    expect(again.vocabularySize).toBe(300); // padded to the embedding
  });
});

const LETTERS = [...'123 4Ġae'].filter((letter) => letter !== ' ');
const BPE: ShortFields = {
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': 'gpt-2',
  'tokenizer.ggml.tokens': strings([
    ...LETTERS,
    '12',
    '123',
    '1234',
    'Ã',
    '©',
    'Ã©',
    'Ġae',
    '<|end|>',
    'Ġ123',
  ]),
  'tokenizer.ggml.token_type': i32s([...LETTERS.map(() => 1), 1, 1, 1, 1, 1, 1, 1, 3, 1]),
  'tokenizer.ggml.merges': strings(['1 2', '12 3', '123 4', 'Ã ©']),
  'tokenizer.ggml.eos_token_id': 14,
};
const pieces = async (fields: ShortFields, text: string): Promise<string[]> => {
  const tokens = fields['tokenizer.ggml.tokens'] as { value: readonly string[] };
  return (await build(fields)).encode(text).map((id) => tokens.value[id]!);
};

describe('a byte-level vocabulary', () => {
  it.each([
    ['gpt-2', ['1234']],
    ['olmo', ['1234']],
    ['qwen2', ['1', '2', '3', '4']],
    ['llama-bpe', ['123', '4']],
  ])('%s cuts numbers its way', async (pre, expected) => {
    const fields = { ...BPE, 'tokenizer.ggml.pre': pre, 'tokenizer.ggml.add_bos_token': false };
    expect(await pieces(fields, '1234')).toEqual(expected);
  });

  it('composes characters where the published tokenizer does', async () => {
    const decomposed = 'e\u0301';
    for (const pre of ['olmo', 'qwen2'])
      expect(await pieces({ ...BPE, 'tokenizer.ggml.pre': pre }, decomposed)).toEqual(['Ã©']);
    expect((await pieces(BPE, decomposed))[0]).toBe('e');
  });

  it('takes whole words without merges for llama-bpe alone, and adds BOS there', async () => {
    const fields = { ...BPE, 'tokenizer.ggml.pre': 'llama-bpe', 'tokenizer.ggml.bos_token_id': 14 };
    expect(await pieces(fields, ' ae')).toEqual(['<|end|>', 'Ġae']);
    expect(await pieces(BPE, ' ae')).toEqual(['Ġ', 'a', 'e']);
  });

  it.each(['gpt-2', 'olmo', 'qwen2', 'llama-bpe'])('%s is written and read again', async (pre) => {
    const original = await build({
      ...BPE,
      'tokenizer.ggml.pre': pre,
      'tokenizer.ggml.bos_token_id': 14,
    });
    const again = await rebuild(original, 40);
    for (const text of ['1234 ae', "a<|end|>e\u0301 a1'12"])
      expect(again.encode(text)).toEqual(original.encode(text));
  });
});

describe('metadata that make no tokenizer', () => {
  it.each<[string, ShortFields, string, string]>([
    [
      'another model',
      { ...BPE, 'tokenizer.ggml.model': 'bert' },
      'UNSUPPORTED',
      'one of: gpt2, llama, received "bert"',
    ],
    [
      'another split',
      { ...BPE, 'tokenizer.ggml.pre': 'falcon' },
      'UNSUPPORTED',
      'one of: gpt-2, olmo, mpt, qwen2, llama-bpe',
    ],
    ['no split', { ...BPE, 'tokenizer.ggml.pre': 'default' }, 'UNSUPPORTED', 'received "default"'],
    ['no merges', { ...BPE, 'tokenizer.ggml.merges': 1 }, 'FORMAT', 'key "tokenizer.ggml.merges"'],
    [
      'no scores',
      { ...SPM, 'tokenizer.ggml.scores': f32s([1]) },
      'FORMAT',
      'an array of 268 i32 or f32, received 1 f32',
    ],
    ['types of another count', { ...BPE, 'tokenizer.ggml.token_type': i32s([1]) }, 'FORMAT', 'token_type'],
    ['an id outside', { ...BPE, 'tokenizer.ggml.eos_token_id': 99 }, 'FORMAT', 'an id below 16, received 99'],
    ['a flag that is none', { ...BPE, 'tokenizer.ggml.add_bos_token': 1 }, 'FORMAT', 'a bool, received u32'],
    ['BOS to add and none named', { ...BPE, 'tokenizer.ggml.add_bos_token': true }, 'FORMAT', 'bos_token_id'],
    [
      'two equal tokens',
      {
        ...BPE,
        'tokenizer.ggml.tokens': strings([
          'a',
          'b',
          'a',
          ...LETTERS.map((l) => `${l}x`),
          'q',
          'r',
          's',
          't',
          'u',
          'v',
        ]),
      },
      'UNSUPPORTED',
      'two ids have the same text, received 0 and 2, both "a"',
    ],
    [
      'a token of absurd length',
      {
        ...SPM,
        'tokenizer.ggml.tokens': strings([
          '<unk>',
          '<s>',
          '</s>',
          ...BYTES,
          'x'.repeat(600),
          ...PIECES.slice(1),
        ]),
      },
      'FORMAT',
      'tokens of at most 512 characters, received 600',
    ],
    [
      'spaces to remove',
      { ...SPM, 'tokenizer.ggml.remove_extra_whitespaces': true },
      'UNSUPPORTED',
      'remove_extra_whitespaces',
    ],
  ])('%s', async (_, fields, code, message) => {
    const file = await ggufFile(fields);
    try {
      ggufTokenizerFiles(file);
      expect.unreachable();
    } catch (error) {
      if (!BitcliffError.isInstance(error)) throw error;
      expect(error.code).toBe(code);
      expect(error.message).toContain(message);
      expect(error.message).toContain('test.gguf');
      if (code === 'UNSUPPORTED') expect(error.message).toContain('Token ids work without a tokenizer');
    }
  });

  it('is null where the file says that it has none', async () => {
    for (const fields of [{}, { 'tokenizer.ggml.model': 'none' }, { 'tokenizer.ggml.model': 'no_vocab' }])
      expect(ggufTokenizerFiles(await ggufFile({ 'general.name': 'x', ...fields }))).toBeNull();
  });
});

describe('a tokenizer that llama.cpp has no name for', () => {
  const base = (change: object): TextTokenizer => {
    const tokenizer = {
      version: '1.0',
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
      post_processor: null,
      decoder: { type: 'ByteLevel' },
      model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: [['a', 'b']] },
      ...change,
    };
    return createTokenizer(tokenizer, {}, 'tokenizer.json');
  };
  it.each<[string, object, string]>([
    ['another pre-tokenizer', { pre_tokenizer: { type: 'Whitespace' } }, 'the text split of one of: gpt-2'],
    ['another normalizer', { normalizer: { type: 'Lowercase' } }, 'normalizer NFC or none'],
    [
      'SentencePiece with another normalizer',
      { pre_tokenizer: null, normalizer: { type: 'NFC' } },
      'spaces replaced by ▁',
    ],
    [
      'a piece that no merge makes',
      {
        pre_tokenizer: null,
        normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: [] },
      },
      'token 2 "ab", which none makes',
    ],
    [
      'something else around a text',
      {
        post_processor: {
          type: 'TemplateProcessing',
          single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: 'b', type_id: 0 } }],
          pair: [],
          special_tokens: { b: { id: 'b', ids: [1], tokens: ['b'] } },
        },
      },
      'at most BOS before a text and EOS behind it',
    ],
  ])('%s', (_, change, message) => {
    expect(() => ggufTokenizerFields(base(change), 3)).toThrow(message);
    expect(() => ggufTokenizerFields(base(change), 3)).toThrow('tokenizer: null');
  });

  it('an id beyond the embedding', () => {
    expect(() => ggufTokenizerFields(base({}), 2)).toThrow('ids below 2, the rows of the embedding');
  });
});

const shared = process.env.BITCLIFF_SHARED;
describe.skipIf(shared === undefined)(
  'vocabularies of llama.cpp on real text (skipped without BITCLIFF_SHARED)',
  () => {
    const texts = shared === undefined ? [] : realTexts(shared);
    const open = async (name: string): Promise<TextTokenizer> => {
      const file = await openGgufFile(`${shared}/data/gguf/ggml-vocab-${name}.gguf`);
      const files = ggufTokenizerFiles(file)!;
      await file.close();
      return createTokenizer(files.tokenizer, files.config, name);
    };
    const published = (path: string): TextTokenizer =>
      createTokenizer(
        JSON.parse(gunzipSync(readFileSync(`${shared}/data/tokenizers/${path}`)).toString()),
        {},
        path,
      );
    const count = (one: TextTokenizer, other: (text: string) => number[]): string[] =>
      texts.filter((text) => one.encode(text, { addSpecialTokens: false }).join() !== other(text).join());

    it.each([
      ['gpt-2', 'gpt2/tokenizer.json.gz', 50257],
      ['gpt-neox', 'gpt-neox/20B_tokenizer.json.gz', 50432],
    ])(
      '%s gives the ids of the published tokenizer.json, also when written again',
      async (name, path, size) => {
        const reference = published(path);
        const tokenizer = await open(name);
        expect(count(tokenizer, (text) => reference.encode(text))).toEqual([]);
        const again = await rebuild(reference, size);
        expect(count(again, (text) => reference.encode(text))).toEqual([]);
      },
    );

    it('llama-spm gives the ids of a plain SentencePiece merge, also when written again', async () => {
      const tokenizer = await open('llama-spm');
      expect(tokenizer.encode('Hello world')).toEqual([1, 15043, 3186]);
      const file = await openGgufFile(`${shared}/data/gguf/ggml-vocab-llama-spm.gguf`);
      const tokens = file.fields.get('tokenizer.ggml.tokens')!.value as readonly string[];
      const scores = file.fields.get('tokenizer.ggml.scores')!.value as Float32Array;
      await file.close();
      const plain = (text: string): number[] => plainSentencePiece(text, tokens, scores);
      const short = (text: string): string => text.slice(0, 120); // the plain way is quadratic
      const differing = texts
        .map(short)
        .filter((text) => tokenizer.encode(text, { addSpecialTokens: false }).join() !== plain(text).join());
      expect(differing).toEqual([]);
      const again = await rebuild(tokenizer, 32000);
      expect(count(again, (text) => tokenizer.encode(text, { addSpecialTokens: false }))).toEqual([]);
    });

    it.each([
      ['stories260K', 512],
      ['babyllama105', 105],
    ])('the tokenizer of %s is the same when written and read again', async (model, size) => {
      const folder = `${shared}/data/models/${model}`;
      const read = (name: string): object => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
      const original = createTokenizer(read('tokenizer.json'), read('tokenizer_config.json'), folder);
      const again = await rebuild(original, size);
      for (const text of texts) expect(again.encode(text)).toEqual(original.encode(text));
      const ids = original.encode(texts[0]!);
      expect(again.decode(ids)).toBe(original.decode(ids));
    });
  },
);

/** Merge the best-scored pair, leftmost first, until none is left: SentencePiece BPE in its plainest form. */
function plainSentencePiece(text: string, tokens: readonly string[], scores: Float32Array): number[] {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const parts = [...`▁${text.replaceAll(' ', '▁')}`];
  for (;;) {
    let best = Number.NEGATIVE_INFINITY;
    let at = -1;
    for (let i = 0; i + 1 < parts.length; i++) {
      const id = ids.get(parts[i]! + parts[i + 1]!);
      if (id !== undefined && scores[id]! > best) [best, at] = [scores[id]!, i];
    }
    if (at < 0) break;
    parts.splice(at, 2, parts[at]! + parts[at + 1]!);
  }
  return parts.flatMap((part) => {
    const id = ids.get(part);
    return id === undefined ? [...new TextEncoder().encode(part)].map((byte) => byte + 3) : [id];
  });
}
