import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';

/** Most bytes of one system write; Node refuses 2^31 and more. */
const WRITE_CHUNK_BYTES = 2 ** 30;

/** Pieces of a file, in order; an error that they throw passes through. */
export type FilePieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Write pieces to a temporary file beside `path`, then rename it. On failure the temporary file is removed.
 * @param byteLength bytes of all pieces together
 * @throws {InvalidInputError} when a piece shrank since, because its buffer was resized or transferred away
 * @throws {NotFoundError} when the folder does not exist; other errors of the file system pass through
 */
export async function writeWholeFile(
  op: string,
  path: string,
  pieces: FilePieces,
  byteLength: number,
): Promise<void> {
  const temporary = await writeTemporaryFile(op, path, pieces, byteLength);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * The first half of {@link writeWholeFile}: all bytes are on disk, under a temporary name that the caller renames or removes.
 * @returns the temporary path, in the folder of `path`
 */
export async function writeTemporaryFile(
  op: string,
  path: string,
  pieces: FilePieces,
  byteLength: number,
): Promise<string> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  let handle: FileHandle;
  try {
    handle = await open(temporary, 'wx');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new NotFoundError({ op, problem: 'no such folder', expected: 'an existing folder', path, cause });
  }
  try {
    try {
      let written = 0;
      for await (const piece of pieces) written += await writeAll(handle, piece);
      if (written !== byteLength) {
        const problem = 'the data of a tensor shrank while it was written';
        throw new InvalidInputError({
          op,
          problem,
          expected: `${byteLength} bytes`,
          received: written,
          path,
        });
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    return temporary;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<number> {
  let done = 0;
  while (done < bytes.byteLength) {
    const wanted = Math.min(bytes.byteLength - done, WRITE_CHUNK_BYTES);
    const { bytesWritten } = await handle.write(bytes, done, wanted);
    done += bytesWritten;
  }
  return done;
}
