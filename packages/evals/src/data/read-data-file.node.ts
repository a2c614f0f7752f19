import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';

/** Largest data file, before and after gunzip: 256 MiB. HellaSwag's validation split is 12 MB; a gzip bomb is not. */
export const MAX_DATA_BYTES: number = 256 * 1024 * 1024;

const gunzipAsync = promisify(gunzip);

/** The content of a data file and the hash of its bytes as they lie on disk. */
export interface DataBytes {
  /** Gunzipped, if the name ends in `.gz`. */
  readonly content: Uint8Array<ArrayBuffer>;
  /** Hex SHA-256 of the file, compressed if it is. */
  readonly sha256: string;
}

/** True when `path` is a file that exists. @throws {NotFoundError} when it cannot be looked at for another reason */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw new NotFoundError({ op: 'isFile', problem: `cannot look at the file, ${code}`, path, cause });
  }
}

/**
 * Read a file, gunzipped when its name ends in `.gz`.
 * @param limit most bytes, before and after gunzip
 * @throws {NotFoundError} when the file cannot be read
 * @throws {InvalidInputError} on a file over the limit, or broken gzip
 */
export async function readDataFile(path: string, limit: number = MAX_DATA_BYTES): Promise<DataBytes> {
  const op = 'readDataFile';
  const tooLarge = (received: string | number, cause?: unknown): InvalidInputError =>
    new InvalidInputError({
      op,
      problem: 'file too large',
      expected: `at most ${limit} bytes`,
      received,
      path,
      cause,
    });
  const bytes = await readBytes(path, tooLarge, limit);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  let content: Uint8Array<ArrayBuffer> = bytes;
  if (path.endsWith('.gz')) {
    try {
      content = await gunzipAsync(bytes, { maxOutputLength: limit });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
        throw tooLarge('more after gunzip', cause);
      }
      throw new InvalidInputError({
        op,
        problem: 'broken gzip',
        expected: 'gzip data',
        received: message(cause),
        path,
        cause,
      });
    }
  }
  return { content, sha256 };
}

async function readBytes(
  path: string,
  tooLarge: (received: number) => InvalidInputError,
  limit: number,
): Promise<Buffer<ArrayBuffer>> {
  let bytes: Buffer<ArrayBuffer>;
  try {
    const { size } = await stat(path);
    if (size > limit) throw tooLarge(size);
    bytes = await readFile(path);
  } catch (cause) {
    if (cause instanceof InvalidInputError) throw cause;
    throw new NotFoundError({
      op: 'readDataFile',
      problem: `cannot read the file, ${message(cause)}`,
      path,
      cause,
    });
  }
  return bytes;
}

/**
 * The text of a file's bytes. A byte-order mark is dropped.
 * @throws {InvalidInputError} on invalid UTF-8, naming the line
 */
export function decodeUtf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const line = firstBadLine(bytes);
    throw new InvalidInputError({
      op: 'readDataFile',
      problem: 'invalid UTF-8',
      expected: 'UTF-8 text',
      received: 'other bytes',
      where: `line ${line}`,
      path,
      cause,
    });
  }
}

/** Line number, from 1, of the first line that is not UTF-8; a newline byte is never part of a longer character. */
function firstBadLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline + 1;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end;
  }
  return line;
}

function message(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  return code ?? (cause instanceof Error ? cause.message : String(cause));
}
