import { dirname, join } from 'node:path';
import { openFileSource } from '../file-source.node.ts';
import type { TensorSource } from '../tensor-source.ts';
import { openOnnx } from './open-onnx.ts';

/**
 * Open the initializers of an ONNX model by its path; external data is looked for in the model's folder.
 * @param path path of the model
 * @returns the model's initializers; close it after use
 * @throws {NotFoundError} when there is no such file, or one of external data is missing
 * @throws {FormatError} and {UnsupportedError} as {@link openOnnx}
 * @example
 * const tensors = await openOnnxFile('model.onnx');
 */
export async function openOnnxFile(path: string): Promise<TensorSource> {
  const source = await openFileSource(path);
  try {
    return await openOnnx(source, { external: (location) => openFileSource(join(dirname(path), location)) });
  } catch (error) {
    await source.close();
    throw error;
  }
}
