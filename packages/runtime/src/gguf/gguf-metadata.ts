/** @file The metadata of a GGUF file from a spec and a tokenizer: the opposite of gguf-config.ts. */
import { UnsupportedError } from '@bitcliff/core';
import type { GgufValue } from '@bitcliff/formats';
import type { DecoderSpec, RotaryScaling } from '../decoder-spec.ts';
import type { TextTokenizer } from '../tokenizer.ts';
import { GGUF_FAMILIES, type GgufFamily } from './gguf-families.ts';
import { ggufTokenizerFields } from './gguf-tokenizer-fields.ts';

/**
 * The family that a spec is written as.
 * @throws {UnsupportedError} for another architecture, and for what no key of the family says: sliding windows, another activation,
 * dynamic and longrope scaling, yarn without rounding of its bounds
 */
export function ggufFamilyOf(spec: DecoderSpec): GgufFamily {
  const family = [...GGUF_FAMILIES.values()].find(({ modelType }) => modelType === spec.architecture);
  const known = [...GGUF_FAMILIES.values()].map(({ modelType }) => modelType).join(', ');
  if (family === undefined)
    throw unsupported('this architecture is not written as GGUF', `one of: ${known}`, spec.architecture);
  const { activation } = spec.mlp;
  if (activation !== family.activation)
    throw unsupported('no key says the activation', family.activation, activation);
  const window = spec.attention.windows.find((size) => size !== null);
  if (window !== undefined)
    throw unsupported('no key of the family says the sliding window', 'none', String(window));
  if (spec.positions.kind === 'rotary') {
    const { scaling } = spec.positions;
    const said = scaling.kind !== 'dynamic' && scaling.kind !== 'longrope';
    if (!said || (scaling.kind === 'yarn' && !scaling.truncate)) {
      const received = scaling.kind === 'yarn' ? 'yarn with truncate false' : scaling.kind;
      throw unsupported('no key says the rope scaling', 'one of: default, linear, llama3, yarn', received);
    }
  }
  return family;
}

/**
 * The metadata of a GGUF file, with the keys that llama.cpp reads for llama, gpt2, gptneox and qwen2.
 * @param tokenizer `null` leaves it out: llama.cpp opens the file and takes ids alone
 * @param options.fileType `general.file_type`, llama.cpp's number for the most common type of tensor  @param options.name `general.name`
 * @throws {UnsupportedError} for a spec or tokenizer that the keys cannot say
 */
export function ggufMetadata(
  spec: DecoderSpec,
  tokenizer: TextTokenizer | null,
  options: { readonly fileType: number; readonly name: string },
): Map<string, GgufValue> {
  const family = ggufFamilyOf(spec);
  const fields = new Map<string, GgufValue>();
  const u32 = (key: string, value: number): void => {
    fields.set(`${family.architecture}.${key}`, { type: 'u32', value });
  };
  const f32 = (key: string, value: number): void => {
    fields.set(`${family.architecture}.${key}`, { type: 'f32', value: Math.fround(value) });
  };
  const { heads, kvHeads, headDim } = spec.attention;
  fields.set('general.architecture', { type: 'string', value: family.architecture });
  fields.set('general.name', { type: 'string', value: options.name });
  fields.set('general.file_type', { type: 'u32', value: options.fileType });
  u32('block_count', spec.layers);
  u32('context_length', spec.maxPositions);
  u32('embedding_length', spec.hiddenSize);
  u32('feed_forward_length', spec.mlp.intermediateSize);
  u32('vocab_size', spec.vocabularySize);
  u32('attention.head_count', heads);
  f32(family.epsilonKey, spec.norm.epsilon);
  if (family.isLlamaLike) {
    u32('attention.head_count_kv', kvHeads);
    u32('attention.key_length', headDim);
    u32('attention.value_length', headDim);
  }
  if (family.architecture === 'gptneox') {
    const value = spec.wiring === 'parallel';
    fields.set('gptneox.use_parallel_residual', { type: 'bool', value });
  }
  if (spec.positions.kind === 'rotary') {
    u32('rope.dimension_count', spec.positions.dims);
    f32('rope.freq_base', spec.positions.theta);
    const { scaling } = spec.positions;
    for (const [key, value] of ropeScaling(scaling)) {
      fields.set(`${family.architecture}.rope.scaling.${key}`, value);
    }
  }
  const ofTokenizer = tokenizer === null ? NO_TOKENIZER : ggufTokenizerFields(tokenizer, spec.vocabularySize);
  return new Map([...fields, ...specialIds(spec), ...ofTokenizer]);
}

function ropeScaling(scaling: RotaryScaling): [string, GgufValue][] {
  if (scaling.kind !== 'linear' && scaling.kind !== 'yarn') return []; // llama3: rope_freqs.weight says it
  const f32 = (value: number): GgufValue => ({ type: 'f32', value: Math.fround(value) });
  const common: [string, GgufValue][] = [
    ['type', { type: 'string', value: scaling.kind }],
    ['factor', f32(scaling.factor)],
  ];
  if (scaling.kind === 'linear') return common;
  const recommended = 0.1 * Math.log(scaling.factor) + 1;
  return [
    ...common,
    ['original_context_length', { type: 'u32', value: scaling.originalMaxPositions }],
    ['yarn_beta_fast', f32(scaling.betaFast)],
    ['yarn_beta_slow', f32(scaling.betaSlow)],
    ['attn_factor', f32(scaling.attentionFactor / recommended)],
  ];
}

/** llama.cpp's name for a model without a tokenizer. */
const NO_TOKENIZER: ReadonlyMap<string, GgufValue> = new Map([
  ['tokenizer.ggml.model', { type: 'string', value: 'none' }],
]);

/** BOS and EOS of the model, which hold where the tokenizer names none. */
function specialIds({ bosTokenId, eosTokenIds }: DecoderSpec): [string, GgufValue][] {
  const ids: [string, number | undefined][] = [
    ['bos', bosTokenId],
    ['eos', eosTokenIds[0]],
  ];
  return ids.flatMap(([name, id]) =>
    id === undefined ? [] : [[`tokenizer.ggml.${name}_token_id`, { type: 'u32', value: id }]],
  );
}

function unsupported(problem: string, expected: string, received: string): UnsupportedError {
  return new UnsupportedError({ op: 'writeGgufCheckpoint', problem, expected, received });
}
