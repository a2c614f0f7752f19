/** @file The header before an entry's data, which repeats the central directory: a reader that trusts only one of them can be fooled. */
import { FormatError, UnsupportedError } from '@bitcliff/core';
import type { ByteSource } from '../byte-source.ts';
import { quote } from '../internal/quote.ts';
import { entryPlace, type ZipRecord } from './zip-entry.ts';
import {
  FLAG_DESCRIPTOR,
  FLAG_ENCRYPTED,
  fieldsOf,
  LOCAL_BYTES,
  LOCAL_SIGNATURE,
  METHOD_DEFLATE,
  METHOD_STORED,
  resolveZip64,
} from './zip-records.ts';

/** Extra fields that are fetched together with the header: zip64 sizes and padding to 64 bytes. */
const USUAL_EXTRA_BYTES = 128;

/**
 * Read an entry's local header and check it against the central directory.
 * @returns first byte of the entry's data in the source
 * @throws {FormatError} when the header is not there, contradicts the directory, or leaves no room for the data
 * @throws {UnsupportedError} when only the local header says that the entry is encrypted
 */
export async function readDataOffset(source: ByteSource, record: ZipRecord, op: string): Promise<number> {
  const { name, headerOffset, dataLimit, compressedSize } = record;
  const place = entryPlace(op, source.name, name);
  const nameBytes = new TextEncoder().encode(name);
  const fixed = LOCAL_BYTES + nameBytes.byteLength;
  const room = dataLimit - headerOffset;
  let bytes = await source.read(headerOffset, Math.min(room, fixed + USUAL_EXTRA_BYTES));
  let view = fieldsOf(bytes);
  const contradicts = (what: string, expected: string | number, received: string | number): FormatError =>
    new FormatError({
      ...place,
      problem: `local header contradicts the central directory: ${what}`,
      expected,
      received,
    });

  if (view.getUint32(0, true) !== LOCAL_SIGNATURE) {
    const received = `0x${view.getUint32(0, true).toString(16)}`;
    throw new FormatError({ ...place, problem: 'no local header', expected: '0x4034b50', received });
  }
  const nameLength = view.getUint16(26, true);
  if (nameLength !== nameBytes.byteLength) {
    throw contradicts('name length', nameBytes.byteLength, nameLength);
  }
  if (nameBytes.some((byte, i) => bytes[LOCAL_BYTES + i] !== byte)) {
    const text = new TextDecoder().decode(bytes.subarray(LOCAL_BYTES, fixed));
    throw contradicts('name', quote(name), quote(text));
  }
  const extraLength = view.getUint16(28, true);
  const dataOffset = headerOffset + fixed + extraLength;
  if (dataOffset + compressedSize > dataLimit) {
    throw new FormatError({
      ...place,
      problem: 'data overlaps what follows it',
      expected: `an end at ${dataLimit} or before`,
      received: dataOffset + compressedSize,
    });
  }
  if (fixed + extraLength > bytes.byteLength) {
    bytes = await source.read(headerOffset, fixed + extraLength);
    view = fieldsOf(bytes);
  }
  const flags = view.getUint16(6, true);
  if ((flags & FLAG_ENCRYPTED) !== 0) {
    throw new UnsupportedError({ ...place, problem: 'encrypted entry', expected: 'entries in the clear' });
  }
  const method = record.method === 'stored' ? METHOD_STORED : METHOD_DEFLATE;
  if (view.getUint16(8, true) !== method) throw contradicts('method', method, view.getUint16(8, true));

  const stated = { compressedSize: view.getUint32(18, true), size: view.getUint32(22, true) };
  const sizes = resolveZip64(stated, bytes.subarray(fixed, fixed + extraLength), place);
  // with a data descriptor the header was written before the numbers were known: zeros
  const later = (flags & FLAG_DESCRIPTOR) !== 0;
  const pairs = [
    ['crc32', record.crc32, view.getUint32(14, true)],
    ['compressed size', compressedSize, sizes.compressedSize],
    ['size', record.size, sizes.size],
  ] as const;
  for (const [what, expected, received] of pairs) {
    if (received !== expected && !(later && received === 0)) throw contradicts(what, expected, received);
  }
  return dataOffset;
}
