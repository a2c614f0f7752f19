import { BitcliffError } from '@bitcliff/core';

/**
 * Run a piece of writing; when the file system refuses, clean up and say so.
 * @param path what was to be written  @param cleanUp removes what is unfinished; may fail, the first error counts
 * @throws {BitcliffError} code `WRITE_FAILED`; errors that are not the file system's pass through
 */
export async function orWriteFailed(
  path: string,
  write: () => Promise<unknown>,
  cleanUp: () => Promise<void> = async () => {},
): Promise<void> {
  try {
    await write();
  } catch (cause) {
    await cleanUp().catch(() => {}); // on a file system that refuses, this may fail for the same reason
    const { code } = cause as NodeJS.ErrnoException;
    if (typeof code !== 'string' || BitcliffError.isInstance(cause)) throw cause;
    throw new BitcliffError({
      code: 'WRITE_FAILED',
      op: 'pretrain',
      problem: code === 'ENOSPC' ? 'the disk is full' : `the file system refuses (${code})`,
      path,
      hint: 'What was written before is whole; the same command goes on from the last saved state',
      cause,
    });
  }
}
