import type { ByteSource } from './byte-source.ts';
import { checkByteRange } from './internal/check-byte-range.ts';

/**
 * A byte source over bytes in memory. Reads are views of `bytes`, never copies.
 * @param bytes u8[n], not to be changed while the source is in use  @param name what error messages call it @default 'memory'
 * @example
 * const source = memorySource(new Uint8Array([1, 2, 3]), 'three bytes');
 */
export function memorySource(bytes: Uint8Array, name = 'memory'): ByteSource {
  const source: ByteSource = {
    name,
    byteLength: bytes.byteLength,
    async read(offset, length) {
      checkByteRange(source, offset, length);
      // not bytes.subarray: over a Buffer of Node it would give a Buffer, whose slice() is another
      return new Uint8Array(bytes.buffer, bytes.byteOffset + offset, length);
    },
    async close() {},
  };
  return source;
}
