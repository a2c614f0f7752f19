import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { FormatError, NotFoundError } from '@bitcliff/core';

/** Largest JSON file that is read whole; the largest published tokenizer.json files are about 35 MB. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;

/**
 * Read a JSON file of a checkpoint, such as config.json.
 * @param op the operation that errors name
 * @throws {NotFoundError} for a missing file
 * @throws {FormatError} for a file over 256 MiB, one that is not JSON, or one that holds something other than an object
 */
export async function readJsonFile(path: string, op: string): Promise<object> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) {
    throw new NotFoundError({ op, problem: `missing file ${basename(path)}`, path });
  }
  if (file.size > MAX_JSON_BYTES) {
    throw new FormatError({
      op,
      problem: `${basename(path)} is too large`,
      expected: `at most ${MAX_JSON_BYTES} bytes`,
      received: file.size,
      path,
    });
  }
  const text = await readFile(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError({
      op,
      problem: `${basename(path)} is not JSON`,
      expected: 'a JSON object',
      received: cause instanceof Error ? cause.message : String(cause),
      path,
      cause,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormatError({
      op,
      problem: `${basename(path)} holds the wrong kind of value`,
      expected: 'a JSON object',
      received: Array.isArray(value) ? 'an array' : String(value).slice(0, 40),
      path,
    });
  }
  return value;
}
