import { openFileSource } from '../file-source.node.ts';
import { type GgufFile, openGguf } from './open-gguf.ts';

/**
 * Open a GGUF file by its path. The header is read and checked, tensors are read when asked for.
 * @param path path of the file
 * @returns metadata and tensors; close it after use
 * @throws {NotFoundError} when there is no such file
 * @throws {FormatError} and {UnsupportedError} as `openGguf`
 * @example
 * const file = await openGgufFile('model.gguf');
 */
export async function openGgufFile(path: string): Promise<GgufFile> {
  const source = await openFileSource(path);
  try {
    return await openGguf(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}
