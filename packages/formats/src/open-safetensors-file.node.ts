import { openFileSource } from './file-source.node.ts';
import { openSafetensors } from './open-safetensors.ts';
import type { TensorSource } from './tensor-source.ts';

/**
 * Open one safetensors file by its path: read and check its header, and nothing else.
 * @param path path of the file
 * @returns the file's tensors; close it after use
 * @throws {NotFoundError} when there is no such file
 * @throws {FormatError} when it is not a valid safetensors file
 * @throws {UnsupportedError} when a tensor has a dtype that core does not know
 * @example
 * const tensors = await openSafetensorsFile('model.safetensors');
 */
export async function openSafetensorsFile(path: string): Promise<TensorSource> {
  const source = await openFileSource(path);
  try {
    return await openSafetensors(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}
