/** @file The opposite of gguf-tokenizer.ts: metadata of a GGUF file from a tokenizer.json. */
import { UnsupportedError } from '@bitcliff/core';
import type { GgufValue } from '@bitcliff/formats';
import { z } from 'zod';
import type { TextTokenizer } from '../tokenizer.ts';
import { BYTE_LEVEL_SPLITS } from './byte-level-splits.ts';
import { SPACE_MARK } from './gguf-tokenizer.ts';
import { TOKEN_TYPE } from './gguf-vocabulary.ts';

const schema = z.looseObject({
  model: z.looseObject({
    type: z.literal('BPE'),
    vocab: z.record(z.string(), z.int().min(0)),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
    unk_token: z.string().nullish(),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
  }),
  added_tokens: z.array(z.looseObject({ id: z.int().min(0), content: z.string(), special: z.boolean() })),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
});
type TokenizerJson = z.infer<typeof schema>;

/**
 * Metadata `tokenizer.ggml.*` of a tokenizer.
 * @param vocabularySize rows of the embedding: as many tokens are written, those without a text as `[PAD…]`
 * @throws {UnsupportedError} for a tokenizer that llama.cpp has no name for
 */
export function ggufTokenizerFields(
  tokenizer: TextTokenizer,
  vocabularySize: number,
): Map<string, GgufValue> {
  const parsed = schema.safeParse(tokenizer.files.tokenizer);
  if (!parsed.success)
    throw cannotWrite('a BPE tokenizer', z.prettifyError(parsed.error).replaceAll('\n', ' '));
  const json = parsed.data;
  const isSentencePiece = json.pre_tokenizer === null || json.pre_tokenizer === undefined;
  const merges = json.model.merges.map((merge) => (typeof merge === 'string' ? split(merge) : merge));
  const { tokens, types } = tokensById(json, vocabularySize, isSentencePiece);

  const fields = new Map<string, GgufValue>();
  const set = (name: string, value: GgufValue): void => {
    fields.set(`tokenizer.ggml.${name}`, value);
  };
  set('model', { type: 'string', value: isSentencePiece ? 'llama' : 'gpt2' });
  set('pre', { type: 'string', value: isSentencePiece ? 'default' : splitName(json) });
  set('tokens', { type: 'array', of: 'string', value: tokens });
  if (isSentencePiece) {
    const scores = scoresOf(tokens, types, merges);
    set('scores', { type: 'array', of: 'f32', value: scores });
    set('add_space_prefix', { type: 'bool', value: hasSpacePrefix(json) });
  }
  set('token_type', { type: 'array', of: 'i32', value: types });
  if (!isSentencePiece) {
    set('merges', { type: 'array', of: 'string', value: merges.map((pair) => pair.join(' ')) });
  }
  const unknown = json.model.unk_token === null ? -1 : tokens.indexOf(json.model.unk_token ?? '');
  const ids: [string, number | undefined][] = [
    ['bos', tokenizer.bosTokenId],
    ['eos', tokenizer.eosTokenId],
    ['unknown', unknown < 0 ? undefined : unknown],
  ];
  for (const [name, id] of ids) if (id !== undefined) set(`${name}_token_id`, { type: 'u32', value: id });
  const added = addedAround(tokenizer);
  set('add_bos_token', { type: 'bool', value: added.bos });
  set('add_eos_token', { type: 'bool', value: added.eos });
  return fields;
}

const split = (merge: string): [string, string] => {
  const at = merge.indexOf(' ', 1);
  return [merge.slice(0, at), merge.slice(at + 1)];
};

function tokensById(
  { model, added_tokens }: TokenizerJson,
  size: number,
  isSentencePiece: boolean,
): { tokens: string[]; types: Int32Array } {
  const tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
  const types = new Int32Array(size).fill(TOKEN_TYPE.unused);
  const put = (id: number, text: string, type: number): void => {
    if (id >= size) throw cannotWrite(`ids below ${size}, the rows of the embedding`, `id ${id}`);
    tokens[id] = text;
    types[id] = type;
  };
  for (const [text, id] of Object.entries(model.vocab)) {
    const isByte = isSentencePiece && /^<0x[0-9A-F]{2}>$/.test(text);
    put(id, text, isByte ? TOKEN_TYPE.byte : TOKEN_TYPE.normal);
  }
  for (const { id, content, special } of added_tokens) {
    const isUnknown = isSentencePiece && content === model.unk_token;
    const type = isUnknown ? TOKEN_TYPE.unknown : special ? TOKEN_TYPE.control : TOKEN_TYPE.userDefined;
    put(id, content, type);
  }
  return { tokens, types };
}

/** Scores that merge in the order of the list: minus the place of the first merge that makes the token. */
function scoresOf(
  tokens: readonly string[],
  types: Int32Array,
  merges: readonly [string, string][],
): Float32Array<ArrayBuffer> {
  const places = new Map<string, number>();
  merges.forEach(([left, right], place) => {
    if (!places.has(left + right)) places.set(left + right, place);
  });
  return Float32Array.from(tokens, (text, id) => {
    if (types[id] !== TOKEN_TYPE.normal) return 0;
    const place = places.get(text);
    if (place !== undefined) return -place;
    // a character; a longer token that no merge makes would be made by llama.cpp all the same
    if ([...text].length === 1) return -merges.length - id;
    throw cannotWrite(
      'merges that make every token',
      `token ${id} ${JSON.stringify(text)}, which none makes`,
    );
  });
}

/** The name of the way in which text is cut into words. */
function splitName({ normalizer, pre_tokenizer, model }: TokenizerJson): string {
  const nfc = same(normalizer, { type: 'NFC' });
  if (!nfc && normalizer !== null && normalizer !== undefined)
    throw cannotWrite('normalizer NFC or none', JSON.stringify(normalizer));
  const steps = listOf(pre_tokenizer, 'pretokenizers');
  const [first] = steps;
  const last = steps.at(-1) as { type?: string; add_prefix_space?: boolean; use_regex?: boolean } | undefined;
  const pattern =
    steps.length === 2 && first?.type === 'Split' && first.behavior === 'Isolated'
      ? (first.pattern as { Regex?: string } | undefined)?.Regex
      : null;
  const isBytes = last?.type === 'ByteLevel' && last.add_prefix_space !== true;
  const isPlain = steps.length === 1 && last?.use_regex !== false;
  if (isBytes && (isPlain || (typeof pattern === 'string' && last.use_regex === false))) {
    for (const [name, known] of BYTE_LEVEL_SPLITS) {
      const ignores = model.ignore_merges ?? false;
      if (known.pattern === pattern && known.nfc === nfc && known.ignoreMerges === ignores) return name;
    }
  }
  throw cannotWrite(
    `the text split of one of: ${[...BYTE_LEVEL_SPLITS.keys()].join(', ')}`,
    JSON.stringify({ normalizer, pre_tokenizer, ignore_merges: model.ignore_merges }),
  );
}

/** Whether SentencePiece text gets a space in front; other normalization than of spaces is refused. */
function hasSpacePrefix({ normalizer }: TokenizerJson): boolean {
  const spaces = { type: 'Replace', pattern: { String: ' ' }, content: SPACE_MARK };
  const steps = listOf(normalizer, 'normalizers');
  if (steps.length === 1 && same(steps[0], spaces)) return false;
  const prepend = { type: 'Prepend', prepend: SPACE_MARK };
  if (steps.length === 2 && same(steps[0], prepend) && same(steps[1], spaces)) return true;
  throw cannotWrite(`spaces replaced by ${SPACE_MARK}, and nothing else`, JSON.stringify(normalizer));
}

/** The steps of a sequence, or the one step. */
function listOf(step: unknown, field: string): Record<string, unknown>[] {
  const one = step as Record<string, unknown> | null | undefined;
  if (one === null || one === undefined) return [];
  return one.type === 'Sequence' && Array.isArray(one[field]) ? one[field] : [one];
}

/** Whether all fields of `expected` are in `value`, deep. */
function same(value: unknown, expected: object): boolean {
  return Object.entries(expected).every(([key, wanted]) => {
    const own = (value as Record<string, unknown> | null | undefined)?.[key];
    return typeof wanted === 'object' ? same(own, wanted) : own === wanted;
  });
}

/** Which special tokens the tokenizer puts around a text. */
function addedAround(tokenizer: TextTokenizer): { bos: boolean; eos: boolean } {
  const text = 'a';
  const own = tokenizer.encode(text, { addSpecialTokens: false });
  const all = tokenizer.encode(text);
  const { bosTokenId, eosTokenId } = tokenizer;
  for (const bos of [false, true]) {
    for (const eos of [false, true]) {
      const expected = [...(bos ? [bosTokenId] : []), ...own, ...(eos ? [eosTokenId] : [])];
      if (expected.join() === all.join()) return { bos, eos };
    }
  }
  throw cannotWrite('at most BOS before a text and EOS behind it', `ids ${all.join(', ')} for "${text}"`);
}

function cannotWrite(expected: string, received: string): UnsupportedError {
  return new UnsupportedError({
    op: 'writeGgufCheckpoint',
    problem: 'llama.cpp has no name for this tokenizer',
    expected,
    received: received.length > 400 ? `${received.slice(0, 400)}…` : received,
    hint: 'Leave the tokenizer out with tokenizer: null',
  });
}
