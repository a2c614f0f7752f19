import { FormatError } from '@bitcliff/core';
import type { ByteSource } from './byte-source.ts';
import { checkByteRange } from './internal/check-byte-range.ts';

/**
 * A byte source over a `Blob`, such as a `File` that was dropped on a page. Only the ranges that are read are loaded.
 * @param blob the bytes  @param name what error messages call it @default the name of a `File`, else 'blob'
 * @example
 * const tensors = await openSafetensors(blobSource(file));
 */
export function blobSource(blob: Blob, name: string = nameOf(blob)): ByteSource {
  const source: ByteSource = {
    name,
    byteLength: blob.size,
    async read(offset, length) {
      checkByteRange(source, offset, length);
      let buffer: ArrayBuffer;
      try {
        buffer = await blob.slice(offset, offset + length).arrayBuffer();
      } catch (cause) {
        // browsers and Node refuse to read a file that changed after it was picked
        throw new FormatError({
          op: 'ByteSource.read',
          problem: 'cannot read the blob, its file may have changed or gone',
          path: name,
          cause,
        });
      }
      if (buffer.byteLength !== length) {
        throw new FormatError({
          op: 'ByteSource.read',
          problem: 'the blob ended early',
          expected: `${length} bytes at offset ${offset}`,
          received: buffer.byteLength,
          path: name,
        });
      }
      return new Uint8Array(buffer);
    },
    async close() {},
  };
  return source;
}

function nameOf(blob: Blob): string {
  return 'name' in blob && typeof blob.name === 'string' ? blob.name : 'blob';
}
