/** @file The tokens of a GGUF file, checked: what all tokenizer models have in common. */
import { FormatError, UnsupportedError } from '@bitcliff/core';
import { type GgufFile, type GgufValue, ggufNumber } from '@bitcliff/formats';

/** `tokenizer.ggml.token_type`. */
export const TOKEN_TYPE = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const; // llama.cpp include/llama.h, enum llama_token_type

/** A checked vocabulary. */
export interface GgufVocabulary {
  /** Text by id. */
  readonly tokens: readonly string[];
  /** {@link TOKEN_TYPE} by id. */
  readonly types: ArrayLike<number>;
  /** Id of a special token, as `bos` or `unknown`; `undefined` when the file names none. */
  specialId(name: string): number | undefined;
  flag(name: string, fallback: boolean): boolean;
}

/**
 * Read the vocabulary.
 * @throws {FormatError} when an array or id is missing or wrong  @throws {UnsupportedError} when two ids have the same text
 */
export function ggufVocabulary(file: GgufFile): GgufVocabulary {
  const path = file.name;
  const tokens = ggufStrings(file, 'tokenizer.ggml.tokens');
  const types = ggufNumbers(file, 'tokenizer.ggml.token_type', tokens.length) ?? tokens.map(() => 1);
  const seen = new Map<string, number>();
  tokens.forEach((text, id) => {
    const other = seen.get(text);
    if (other !== undefined) {
      throw new UnsupportedError({
        op: 'openCheckpoint',
        problem: 'the tokenizer cannot be built: two ids have the same text',
        received: `${other} and ${id}, both ${JSON.stringify(text)}`,
        path,
        hint: 'Token ids work without a tokenizer',
      });
    }
    seen.set(text, id);
  });
  return {
    tokens,
    types,
    specialId: (name) => {
      const key = `tokenizer.ggml.${name}_token_id`;
      const id = ggufNumber(file.fields, key, path);
      if (id !== undefined && tokens[id] === undefined)
        throw wrong(path, key, `an id below ${tokens.length}`, id);
      return id;
    },
    flag: (name, fallback) => {
      const key = `tokenizer.ggml.${name}`;
      const field = file.fields.get(key);
      if (field === undefined) return fallback;
      if (field.type === 'bool') return field.value;
      throw wrong(path, key, 'a bool', field.type);
    },
  };
}

/** @throws {FormatError} when the key is missing or holds something other than strings */
export function ggufStrings(file: GgufFile, key: string): readonly string[] {
  const field = file.fields.get(key);
  if (field?.type === 'array' && field.of === 'string') return field.value;
  throw wrong(file.name, key, 'an array of strings', describe(field));
}

/** @throws {FormatError} when the key holds something other than `length` numbers */
export function ggufNumbers(file: GgufFile, key: string, length: number): ArrayLike<number> | undefined {
  const field = file.fields.get(key);
  if (field === undefined) return undefined;
  const value: unknown = field.value;
  if ((value instanceof Int32Array || value instanceof Float32Array) && value.length === length) return value;
  throw wrong(file.name, key, `an array of ${length} i32 or f32`, describe(field));
}

const describe = (field: GgufValue | undefined): string =>
  field === undefined ? 'nothing' : field.type === 'array' ? `${field.value.length} ${field.of}` : field.type;

function wrong(path: string, key: string, expected: string, received: unknown): FormatError {
  const problem = 'a metadata key is missing or wrong';
  return new FormatError({
    op: 'openCheckpoint',
    problem,
    expected,
    received: String(received),
    where: `key "${key}"`,
    path,
  });
}
