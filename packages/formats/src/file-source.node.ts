import { type FileHandle, open, stat } from 'node:fs/promises';
import { FormatError, InvalidInputError, NotFoundError } from '@bitcliff/core';
import type { ByteSource } from './byte-source.ts';
import { checkByteRange } from './internal/check-byte-range.ts';

/** Most bytes of one system read; Node refuses 2^31 and more. */
const READ_CHUNK_BYTES = 2 ** 30;

/**
 * Open a file for reads at any offset. Nothing is read yet.
 * @param path path of a regular file
 * @returns a source to close after use; each read gives fresh memory
 * @throws {NotFoundError} when there is no such file
 * @throws {InvalidInputError} when it is not a regular file or cannot be opened
 * @example
 * const source = await openFileSource('model.safetensors');
 */
export async function openFileSource(path: string): Promise<ByteSource> {
  const handle = await openRegularFile(path);
  let byteLength: number;
  try {
    byteLength = (await handle.stat()).size;
  } catch (error) {
    await handle.close();
    throw error;
  }
  let closed = false;
  const source: ByteSource = {
    name: path,
    byteLength,
    async read(offset, length) {
      checkByteRange(source, offset, length);
      if (closed) {
        throw new InvalidInputError({ op: 'ByteSource.read', problem: 'the file is closed', path });
      }
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const wanted = Math.min(length - done, READ_CHUNK_BYTES);
        const { bytesRead } = await handle.read(bytes, done, wanted, offset + done);
        if (bytesRead === 0) {
          throw new FormatError({
            op: 'ByteSource.read',
            problem: 'the file ended early, it was cut while open',
            expected: `${length} bytes at offset ${offset}`,
            received: done,
            path,
          });
        }
        done += bytesRead;
      }
      return bytes;
    },
    async close() {
      if (closed) return;
      closed = true;
      await handle.close();
    },
  };
  return source;
}

async function openRegularFile(path: string): Promise<FileHandle> {
  try {
    // asked before opening, because opening a pipe waits for its writer
    const stats = await stat(path);
    if (stats.isFile()) return await open(path, 'r');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new NotFoundError({ op: 'openFileSource', problem: 'no such file', path, cause });
    }
    throw new InvalidInputError({
      op: 'openFileSource',
      problem: 'cannot open the file',
      received: code ?? String(cause),
      path,
      cause,
    });
  }
  throw new InvalidInputError({
    op: 'openFileSource',
    problem: 'not a regular file',
    expected: 'a file',
    received: 'a folder or device',
    path,
  });
}
