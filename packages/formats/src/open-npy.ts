import type { ByteSource } from './byte-source.ts';
import { requireLittleEndian } from './internal/little-endian.ts';
import { NPY_HEAD_LIMIT, parseNpyHead } from './internal/npy-head.ts';
import { type StoredTensor, storedTensors } from './internal/stored-tensors.ts';
import type { TensorSource } from './tensor-source.ts';

/** Name of the only tensor of an NPY file, which has none of its own. */
export const NPY_TENSOR_NAME = 'tensor';

/**
 * Open an NPY file as a source of one tensor, called "tensor": read and check its header, and no data.
 * @param source the file's bytes; closed by the result's `close()`, and still the caller's when this throws
 * @throws {FormatError} and {UnsupportedError} as `readNpy`
 * @example
 * const array = await (await openNpy(blobSource(file))).read('tensor');
 */
export async function openNpy(source: ByteSource): Promise<TensorSource> {
  requireLittleEndian('openNpy');
  const bytes = await source.read(0, Math.min(source.byteLength, NPY_HEAD_LIMIT));
  const place = { op: 'openNpy', path: source.name };
  const { dtype, shape, dataStart } = parseNpyHead(bytes, source.byteLength, place);
  const byteLength = source.byteLength - dataStart;
  const stored: StoredTensor = { dtype, shape: Object.freeze(shape), offset: dataStart, byteLength };
  return storedTensors(source, new Map([[NPY_TENSOR_NAME, stored]]), Object.freeze({}));
}
