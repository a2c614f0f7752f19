import { FormatError } from '@bitcliff/core';
import { parseJsonObject } from './parse-json-object.ts';
import { describe, quote } from './quote.ts';

/** Longest index file, in bytes; the header limit of safetensors, because an index says less than the headers together. */
const SHARD_INDEX_LIMIT = 100_000_000;

/** A checked index, such as `model.safetensors.index.json`. */
export interface ShardIndex {
  /** Shard file name of each tensor. */
  readonly weightMap: ReadonlyMap<string, string>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Parse a shard index.
 * @param bytes JSON, at most {@link SHARD_INDEX_LIMIT} bytes  @param format.extension what the name of every shard ends in
 * @throws {FormatError} on a bad index, and on a shard name that is not a plain file name
 */
export function parseShardIndex(
  bytes: Uint8Array,
  path: string,
  format: { readonly op: string; readonly extension: string },
): ShardIndex {
  const { op, extension } = format;
  requireIndexLength(bytes.byteLength, path, op);
  const json = parseJsonObject(bytes, { op, what: 'index', path });
  const map = json.weight_map;
  if (!isObject(map)) {
    const expected = 'an object of tensor name to file name';
    throw new FormatError({ op, problem: 'bad weight_map', expected, received: describe(map), path });
  }
  const weightMap = new Map<string, string>();
  for (const [tensor, fileName] of Object.entries(map)) {
    const where = `tensor ${quote(tensor)}`;
    if (typeof fileName !== 'string' || !isPlainFileName(fileName, extension)) {
      throw new FormatError({
        op,
        problem: 'bad shard name in weight_map',
        expected: `a plain file name ending in ${extension}`,
        received: describe(fileName),
        where,
        path,
      });
    }
    weightMap.set(tensor, fileName);
  }
  return { weightMap, metadata: checkMetadata(json.metadata, path, op) };
}

/** Refuse an index that is too long to be one, before it is read. @throws {FormatError} */
export function requireIndexLength(byteLength: number, path: string, op = 'openSafetensorsShards'): void {
  if (byteLength <= SHARD_INDEX_LIMIT) return;
  const expected = `at most ${SHARD_INDEX_LIMIT} bytes`;
  throw new FormatError({ op, problem: 'index is over the limit', expected, received: byteLength, path });
}

function checkMetadata(value: unknown, path: string, op: string): Readonly<Record<string, string>> {
  if (value === undefined) return Object.freeze({});
  if (!isObject(value)) {
    throw new FormatError({
      op,
      problem: 'bad metadata',
      expected: 'an object',
      received: describe(value),
      path,
    });
  }
  const entries = Object.entries(value).map(([key, v]) => [
    key,
    typeof v === 'string' ? v : JSON.stringify(v),
  ]);
  return Object.freeze(Object.fromEntries(entries) as Record<string, string>);
}

/** No folder, no drive, no parent, no control character: the name cannot lead out of the index's folder. */
function isPlainFileName(name: string, extension: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  return name.endsWith(extension) && name !== extension && !/[/\\:\u0000-\u001f]/.test(name);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
