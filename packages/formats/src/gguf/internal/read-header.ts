/** @file The header of a GGUF file, read in order: magic and version, counts, metadata, tensor descriptions. */
import { UnsupportedError } from '@bitcliff/core';
import { quote } from '../../internal/quote.ts';
import {
  GGUF_DIMENSION_LIMIT,
  GGUF_KEY_BYTES_LIMIT,
  GGUF_KEY_LIMIT,
  GGUF_TENSOR_LIMIT,
  GGUF_TENSOR_NAME_LIMIT,
} from '../gguf-limits.ts';
import type { GgufValue } from '../gguf-value.ts';
import type { HeaderReader } from './header-reader.ts';
import { readValue } from './read-value.ts';

const MAGIC = 0x46554747; // "GGUF", read as a little-endian integer

/** Fewest bytes of a key with its value, and of a tensor description. */
const SMALLEST_KEY = 8 + 4 + 1;
const SMALLEST_TENSOR = 8 + 4 + 4 + 8;

/** A tensor as the header describes it, not yet judged. */
export interface RawTensor {
  readonly name: string;
  /** Row-major: the file's order reversed, because there the contiguous dimension comes first. */
  readonly shape: readonly number[];
  /** ggml's number. */
  readonly type: number;
  /** From the start of the data. */
  readonly offset: number;
}

/** What a header says. */
export interface RawHeader {
  readonly version: 2 | 3;
  readonly fields: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly RawTensor[];
}

/** Read a header up to its last tensor description; the reader then stands behind it. @throws as `openGguf` */
export async function readHeader(reader: HeaderReader): Promise<RawHeader> {
  const version = await readVersion(reader);
  if (!reader.has(16)) await reader.fill(16, 'the counts');
  const tensorCount = readCount(reader, 'tensors', GGUF_TENSOR_LIMIT);
  const keyCount = readCount(reader, 'metadata keys', GGUF_KEY_LIMIT);
  const smallest = tensorCount * SMALLEST_TENSOR + keyCount * SMALLEST_KEY;
  if (smallest > reader.remaining) {
    const expected = `at least ${smallest} bytes for ${tensorCount} tensors and ${keyCount} metadata keys`;
    throw reader.error('counts do not fit the file', { expected, received: reader.remaining });
  }
  const fields = new Map<string, GgufValue>();
  for (let i = 0; i < keyCount; i++) {
    reader.where = `key ${i}`;
    const key = await reader.string(GGUF_KEY_BYTES_LIMIT, 'a key');
    if (key === '') throw reader.error('a key is empty', { expected: 'a name' });
    reader.where = `key ${quote(key)}`;
    if (fields.has(key)) throw reader.error('a key is there twice', { expected: 'every key once' });
    fields.set(key, await readValue(reader));
  }
  const tensors: RawTensor[] = [];
  const names = new Set<string>();
  for (let i = 0; i < tensorCount; i++) {
    reader.where = `tensor ${i}`;
    const tensor = await readTensor(reader);
    if (names.has(tensor.name))
      throw reader.error('a tensor is there twice', { expected: 'every name once' });
    names.add(tensor.name);
    tensors.push(tensor);
  }
  reader.where = undefined;
  return { version, fields, tensors };
}

async function readVersion(reader: HeaderReader): Promise<2 | 3> {
  if (!reader.has(8)) await reader.fill(8, 'the magic and the version');
  const magic = reader.u32();
  if (magic !== MAGIC) {
    const received = `0x${magic.toString(16).padStart(8, '0')}`;
    throw reader.error('not a GGUF file', { expected: `"GGUF" first, 0x${MAGIC.toString(16)}`, received });
  }
  const version = reader.u32();
  if (version === 2 || version === 3) return version;
  const expected = 'version 2 or 3';
  if ((version & 0xffff) === 0 && version !== 0) {
    const hint = 'Convert it to little-endian with gguf_convert_endian.py of llama.cpp';
    const received = `0x${version.toString(16).padStart(8, '0')}`;
    throw new UnsupportedError(reader.fields('the file is big-endian', { expected, received, hint }));
  }
  const hint = version === 1 ? 'Version 1 was replaced in August 2023: convert the model again' : undefined;
  const fields = { expected, received: version, ...(hint === undefined ? {} : { hint }) };
  throw new UnsupportedError(reader.fields('unknown version', fields));
}

function readCount(reader: HeaderReader, what: string, limit: number): number {
  const count = reader.size();
  if (count <= limit) return count;
  throw reader.error(`too many ${what}`, { expected: `at most ${limit}`, received: count });
}

async function readTensor(reader: HeaderReader): Promise<RawTensor> {
  const name = await reader.string(GGUF_TENSOR_NAME_LIMIT, 'a tensor name');
  reader.where = `tensor ${quote(name)}`;
  if (!reader.has(4)) await reader.fill(4, 'the number of dimensions');
  const dimensions = reader.u32();
  if (dimensions > GGUF_DIMENSION_LIMIT) {
    throw reader.error('too many dimensions', {
      expected: `at most ${GGUF_DIMENSION_LIMIT}`,
      received: dimensions,
    });
  }
  const rest = dimensions * 8 + 12;
  if (!reader.has(rest)) await reader.fill(rest, 'a tensor description');
  const sizes: number[] = [];
  for (let i = 0; i < dimensions; i++) {
    const size = reader.size();
    if (!Number.isSafeInteger(size)) {
      throw reader.error(`size of dimension ${i} is too large`, {
        expected: 'at most 2^53 - 1',
        received: size,
      });
    }
    sizes.push(size);
  }
  const type = reader.u32();
  const offset = reader.size();
  return { name, shape: Object.freeze(sizes.reverse()), type, offset };
}
