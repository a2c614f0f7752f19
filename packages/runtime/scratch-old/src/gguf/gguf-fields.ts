/** @file Metadata of one family in an open GGUF file: keys by their last part, checked; other keys of the family refused. */
import { FormatError, UnsupportedError } from '@bitcliff/core';
import { type GgufFile, ggufNumber } from '@bitcliff/formats';
import type { GgufFamily } from './gguf-families.ts';

const COMMON = [
  'block_count',
  'context_length',
  'embedding_length',
  'feed_forward_length',
  'vocab_size',
  'attention.head_count',
  'attention.head_count_kv',
];
const ROTARY = [
  'rope.dimension_count',
  'rope.freq_base',
  'rope.scale_linear',
  'rope.scaling.type',
  'rope.scaling.factor',
  'rope.scaling.finetuned',
  'rope.scaling.original_context_length',
  'rope.scaling.attn_factor',
  'rope.scaling.yarn_beta_fast',
  'rope.scaling.yarn_beta_slow',
];
/** Keys that say 0 in files without experts, and keys that change nothing. */
const ZERO = ['expert_count', 'expert_used_count'];
const IDLE = ['tensor_data_layout'];

/** The family's keys that are understood, without the name of the architecture before them. */
function knownKeys(family: GgufFamily): string[] {
  const own = family.isLlamaLike
    ? ['attention.key_length', 'attention.value_length', ...ROTARY, ...ZERO, ...IDLE]
    : family.architecture === 'gptneox'
      ? ['use_parallel_residual', ...ROTARY]
      : [];
  return [...COMMON, family.epsilonKey, ...own].sort();
}

const op = 'openCheckpoint';

/** Reads metadata keys of one family. */
export interface GgufFields {
  /** @throws {FormatError} when it is missing or no number */
  number(key: string): number;
  optionalNumber(key: string): number | undefined;
  /** A number stored as f32, as the decimal it was rounded from. */
  optionalFloat(key: string): number | undefined;
  optionalText(key: string): string | undefined;
  /** @throws {FormatError} when it is missing or no bool */
  bool(key: string): boolean;
  error(key: string, problem: string, expected: string, received: unknown): UnsupportedError;
}

/**
 * The keys of a family.
 * @throws {UnsupportedError} when the file has a key of the family that this version does not know: it may change what the model computes
 */
export function ggufFields(file: GgufFile, family: GgufFamily): GgufFields {
  const { fields, name: path } = file;
  const prefix = `${family.architecture}.`;
  const known = knownKeys(family);
  const where = (key: string): string => `key "${prefix}${key}"`;
  for (const key of fields.keys()) {
    if (!key.startsWith(prefix) || known.includes(key.slice(prefix.length))) continue;
    throw new UnsupportedError({
      op,
      problem: `the metadata key "${key}" is not understood`,
      expected: `of "${prefix}…" only: ${known.join(', ')}`,
      path,
    });
  }
  const optionalNumber = (key: string): number | undefined => ggufNumber(fields, prefix + key, path);
  const need = <T>(key: string, value: T | undefined, expected: string): T => {
    if (value !== undefined) return value;
    const problem = fields.has(prefix + key) ? 'a metadata key has the wrong type' : 'missing metadata key';
    throw new FormatError({ op, problem, expected, where: where(key), path });
  };
  const result: GgufFields = {
    number: (key) => need(key, optionalNumber(key), 'a number'),
    optionalNumber,
    optionalFloat: (key) => {
      const value = optionalNumber(key);
      return value === undefined ? undefined : shortestDecimal(value);
    },
    optionalText: (key) => {
      const field = fields.get(prefix + key);
      return field === undefined
        ? undefined
        : need(key, field.type === 'string' ? field.value : undefined, 'a string');
    },
    bool: (key) => {
      const field = fields.get(prefix + key);
      return need(key, field?.type === 'bool' ? field.value : undefined, 'a bool');
    },
    error: (key, problem, expected, received) =>
      new UnsupportedError({ op, problem, expected, received: String(received), where: where(key), path }),
  };
  for (const key of ZERO) {
    const count = optionalNumber(key) ?? 0;
    if (count !== 0) throw result.error(key, 'experts are not supported', '0', count);
  }
  return result;
}

/** The shortest decimal that rounds to the same f32: 1e-5 rather than 0.000009999999747378752. */
function shortestDecimal(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
