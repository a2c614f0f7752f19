import type { LongTaskOptions } from '@bitcliff/core';
import { writeWholeFile } from '../internal/write-whole-file.node.ts';
import type { GgufHeader, GgufTensorDescription } from './gguf-header.ts';
import type { GgufValue } from './gguf-value.ts';
import { layoutGguf, requireDataLength } from './internal/gguf-layout.ts';

const op = 'writeGgufFile';

/** A tensor whose data is made when its turn comes. */
export interface StreamedGgufTensor extends GgufTensorDescription {
  /** The tensor's bytes, little-endian; called once, in order, and the result is let go once it is written. */
  readonly data: () => Uint8Array | Promise<Uint8Array>;
}

/**
 * Write a GGUF file, tensor by tensor: all descriptions are collected first, because the header comes first, then one
 * tensor's data at a time is in memory. The bytes are those of `encodeGguf`. They go to a temporary name in the same folder,
 * which is renamed when all of them are on disk: a file of the final name is always whole. An existing file is replaced.
 * @param path where to write; its folder must exist
 * @param file.fields metadata, as for `encodeGgufHeader`  @param file.tensors descriptions with functions that give the data
 * @param options.signal stops before the next tensor  @param options.onProgress called after each tensor, in bytes of data
 * @throws {InvalidInputError} on what the format cannot hold, and when the bytes of a tensor do not fit its shape
 * @throws {NotFoundError} when the folder does not exist; an error of `data` passes through, and no file is left
 * @example
 * await writeGgufFile('model.gguf', {
 *   fields: new Map([['general.architecture', { type: 'string', value: 'llama' }]]),
 *   tensors: [{ name: 'w', shape: [2, 32], type: 'Q4_0', data: () => quantizeBlocks('Q4_0', new Float32Array(64)) }],
 * });
 */
export async function writeGgufFile(
  path: string,
  file: {
    readonly fields: ReadonlyMap<string, GgufValue>;
    readonly tensors: Iterable<StreamedGgufTensor> | AsyncIterable<StreamedGgufTensor>;
  },
  options: LongTaskOptions = {},
): Promise<void> {
  const tensors: StreamedGgufTensor[] = [];
  for await (const tensor of file.tensors) tensors.push(tensor);
  const header = layoutGguf(op, file.fields, tensors);
  await writeWholeFile(op, path, piecesOf(header, tensors, options), header.byteLength);
}

async function* piecesOf(
  header: GgufHeader,
  tensors: readonly StreamedGgufTensor[],
  { signal, onProgress }: LongTaskOptions,
): AsyncGenerator<Uint8Array> {
  const { head, alignment, places } = header;
  const total = places.reduce((sum, place) => sum + place.byteLength, 0);
  let done = 0;
  yield head;
  for (const [i, { name, data }] of tensors.entries()) {
    signal?.throwIfAborted();
    const { byteLength } = places[i]!;
    const bytes = await data();
    requireDataLength(op, name, byteLength, bytes);
    yield bytes;
    yield new Uint8Array((alignment - (byteLength % alignment)) % alignment);
    done += byteLength;
    onProgress?.({ phase: 'write', done, total, unit: 'bytes', detail: name });
  }
}
