import type { Tensor } from '@bitcliff/core';
import { bytesOf } from './internal/elements.ts';
import { layoutSafetensors } from './internal/safetensors-layout.ts';
import { writeWholeFile } from './internal/write-whole-file.node.ts';

/**
 * Write a safetensors file, tensor by tensor, without a second copy of the data in memory. The bytes are those of
 * `encodeSafetensors`. They go to a temporary name in the same folder, which is renamed when all of them are on disk:
 * a file of the final name is always whole. An existing file is replaced.
 * @param path where to write; its folder must exist
 * @param tensors tensors by name  @param metadata free text for the header's `__metadata__` @default none
 * @throws {InvalidInputError} on a name or metadata that the format cannot hold, or when a tensor's data shrinks meanwhile
 * @throws {NotFoundError} when the folder does not exist
 * @example
 * await writeSafetensorsFile('model.safetensors', tensors, { format: 'pt' });
 */
export async function writeSafetensorsFile(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const layout = layoutSafetensors('writeSafetensorsFile', tensors, metadata);
  const data = layout.tensors.map(({ name }) => bytesOf(tensors.get(name)!.data));
  await writeWholeFile('writeSafetensorsFile', path, [layout.head, ...data], layout.byteLength);
}
