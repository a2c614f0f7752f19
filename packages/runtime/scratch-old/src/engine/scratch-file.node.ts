import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InternalError } from '@bitcliff/core';
import type { Scratch } from './scratch.ts';

/**
 * Make a scratch file. Where the system allows it, the file loses its name at once, so that nothing stays behind however the process ends.
 * @param folder @default the system's temporary folder
 * @throws the system's error from `write` when the disk is full
 */
export async function createScratchFile(folder: string = tmpdir()): Promise<Scratch> {
  const own = await mkdtemp(join(folder, 'bitcliff-'));
  const path = join(own, 'hidden-states');
  const file = await open(path, 'wx+');
  const remove = (): Promise<void> => rm(own, { recursive: true, force: true });
  const removed = await remove().then(
    () => true,
    () => false, // Windows keeps the name of an open file
  );
  const bytesOf = (data: Float32Array): Uint8Array =>
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return {
    async read(offset, target) {
      const bytes = bytesOf(target);
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, at, bytes.length - at, offset + at);
        if (bytesRead === 0) throw new InternalError(`the scratch file ends before ${offset + bytes.length}`);
        at += bytesRead;
      }
    },
    async write(offset, data) {
      const bytes = bytesOf(data);
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, at, bytes.length - at, offset + at);
        at += bytesWritten;
      }
    },
    async close() {
      await file.close();
      if (!removed) await remove();
    },
  };
}
