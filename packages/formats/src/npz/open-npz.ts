/** @file The reader of NPZ: a zip file of NPY files, as `numpy.savez` and `numpy.savez_compressed` write it (numpy/lib/_npyio_impl.py). */
import { bytesPerElement, FormatError } from '@bitcliff/core';
import type { ByteSource } from '../byte-source.ts';
import { type LazyTensor, lazyTensors } from '../internal/lazy-tensors.ts';
import { requireLittleEndian } from '../internal/little-endian.ts';
import { NPY_HEAD_LIMIT, type NpyHead, parseNpyHead } from '../internal/npy-head.ts';
import { quote } from '../internal/quote.ts';
import type { TensorSource } from '../tensor-source.ts';
import { openZip, type ZipArchive } from '../zip/open-zip.ts';
import { entryPlace, type ZipEntry } from '../zip/zip-entry.ts';

/** Most arrays of a file: the header of each is read when the file is opened. */
export const NPZ_ARRAY_LIMIT = 65_536;

const op = 'openNpz';

/** What the names of the arrays' entries end in. */
const SUFFIX = '.npy';

/**
 * Open an NPZ file: read its directory and the header of every array, and no data.
 * A range of an array that is stored reads just its bytes; of a compressed one, everything before it is inflated too.
 * @param source the file's bytes; closed by the result's `close()`, and still the caller's when this throws
 * @returns the arrays by name, without `.npy`; `metadata` is empty
 * @throws {FormatError} when the zip file or an array is not valid, or an entry is not an array
 * @throws {UnsupportedError} on encryption, other compression, and on what `readNpy` does not read: object, structured, big-endian, Fortran order
 * @see https://numpy.org/doc/stable/reference/generated/numpy.savez.html
 * @example
 * const arrays = await openNpz(blobSource(file));
 * const x = await arrays.read('x');
 */
export async function openNpz(source: ByteSource): Promise<TensorSource> {
  requireLittleEndian(op);
  const path = source.name;
  const archive = await openZip(source, { op });
  if (archive.entries.size > NPZ_ARRAY_LIMIT) {
    const expected = `at most ${NPZ_ARRAY_LIMIT}`;
    throw new FormatError({ op, problem: 'too many arrays', expected, received: archive.entries.size, path });
  }
  const tensors = new Map<string, LazyTensor>();
  for (const [name, entry] of archive.entries) {
    if (!name.endsWith(SUFFIX)) {
      const expected = 'entries of arrays, ending in ".npy"';
      throw new FormatError({ op, problem: 'not an NPZ file', expected, received: quote(name), path });
    }
    const head = await readHead(archive, entry, entryPlace(op, path, name));
    tensors.set(name.slice(0, -SUFFIX.length), lazyArray(archive, entry, head));
  }
  return lazyTensors({ name: path, metadata: Object.freeze({}), tensors, close: () => source.close() });
}

async function readHead(
  archive: ZipArchive,
  entry: ZipEntry,
  place: ReturnType<typeof entryPlace>,
): Promise<NpyHead> {
  const length = Math.min(entry.size, NPY_HEAD_LIMIT);
  return parseNpyHead(await archive.readEntry(entry.name, { offset: 0, length }), entry.size, place);
}

function lazyArray(archive: ZipArchive, { name, size }: ZipEntry, head: NpyHead): LazyTensor {
  const { dtype, dataStart } = head;
  const step = bytesPerElement(dtype);
  return {
    dtype,
    shape: Object.freeze(head.shape),
    readElements: async (start, end) => {
      const range = { offset: dataStart + start * step, length: (end - start) * step };
      if (range.length < size - dataStart) return archive.readEntry(name, range);
      // all of the data: with the header it is the whole entry, whose checksum is known
      return (await archive.readEntry(name)).subarray(dataStart);
    },
  };
}
