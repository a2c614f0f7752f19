/** @file The central directory of a zip file: every entry's name, sizes and place, checked against the file and each other. */
import { FormatError, UnsupportedError } from '@bitcliff/core';
import type { Place } from '../internal/elements.ts';
import { quote } from '../internal/quote.ts';
import { entryPlace, leadsOut, type ZipMethod, type ZipRecord } from './zip-entry.ts';
import { ZIP_INFLATED_LIMIT, ZIP_RATIO_LIMIT } from './zip-limits.ts';
import {
  CENTRAL_BYTES,
  CENTRAL_SIGNATURE,
  FLAG_ENCRYPTED,
  FLAG_MASKED,
  FLAG_PATCH,
  FLAG_STRONG_ENCRYPTION,
  fieldsOf,
  LOCAL_BYTES,
  METHOD_DEFLATE,
  METHOD_STORED,
  NONE_16,
  resolveZip64,
} from './zip-records.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

type Unplaced = Omit<ZipRecord, 'dataLimit'> & { readonly nameBytes: number };

/**
 * @param bytes the central directory  @param entryCount entries that the end record promises
 * @param directoryOffset first byte of the directory in the file; the entries lie before it
 * @returns the entries by name, in the order of the directory
 * @throws {FormatError} on a cut or contradictory header, a name that leads out of the archive, a name twice, entries that overlap
 * @throws {UnsupportedError} on encryption, on a method that is neither stored nor deflate, on an entry over the limits
 */
export function parseDirectory(
  bytes: Uint8Array,
  entryCount: number,
  directoryOffset: number,
  place: Place,
): ReadonlyMap<string, ZipRecord> {
  const entries: Unplaced[] = [];
  let at = 0;
  for (let i = 0; i < entryCount; i++) {
    const { entry, length } = parseEntry(bytes.subarray(at), `entry ${i} of ${entryCount}`, place);
    entries.push(entry);
    at += length;
  }
  if (at !== bytes.byteLength) {
    throw new FormatError({
      ...place,
      problem: `bytes after the last of ${entryCount} entries in the central directory`,
      expected: `${at} bytes`,
      received: bytes.byteLength,
    });
  }
  const limits = dataLimits(entries, directoryOffset, place);
  const byName = new Map<string, ZipRecord>();
  for (const [i, { nameBytes: _, ...entry }] of entries.entries()) {
    if (byName.has(entry.name)) {
      throw new FormatError({
        ...place,
        problem: 'two entries of one name',
        expected: 'every name once',
        received: quote(entry.name),
      });
    }
    byName.set(entry.name, { ...entry, dataLimit: limits[i]! });
  }
  return byName;
}

function parseEntry(bytes: Uint8Array, which: string, file: Place): { entry: Unplaced; length: number } {
  const view = fieldsOf(bytes);
  if (bytes.byteLength < CENTRAL_BYTES || view.getUint32(0, true) !== CENTRAL_SIGNATURE) {
    const received =
      bytes.byteLength < CENTRAL_BYTES
        ? `${bytes.byteLength} bytes`
        : `0x${view.getUint32(0, true).toString(16)}`;
    throw new FormatError({
      ...file,
      problem: 'bad header in the central directory',
      expected: 'an entry header, 0x2014b50 first',
      received,
      where: which,
    });
  }
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((at) => view.getUint16(at, true)) as [
    number,
    number,
    number,
  ];
  const length = CENTRAL_BYTES + nameBytes + extraBytes + commentBytes;
  if (length > bytes.byteLength) {
    throw new FormatError({
      ...file,
      problem: 'entry is longer than the central directory',
      expected: `at most ${bytes.byteLength} bytes`,
      received: length,
      where: which,
    });
  }
  const name = decodeName(bytes.subarray(CENTRAL_BYTES, CENTRAL_BYTES + nameBytes), {
    ...file,
    where: which,
  });
  const place = entryPlace(file.op, file.path, name);
  const extra = bytes.subarray(CENTRAL_BYTES + nameBytes, CENTRAL_BYTES + nameBytes + extraBytes);
  const sizes = resolveZip64(
    {
      compressedSize: view.getUint32(20, true),
      size: view.getUint32(24, true),
      headerOffset: view.getUint32(42, true),
    },
    extra,
    place,
  );
  const disk = view.getUint16(34, true);
  if (disk !== 0 && disk !== NONE_16) {
    throw new UnsupportedError({
      ...place,
      problem: 'archive of several disks',
      expected: 'disk 0',
      received: disk,
    });
  }
  const method = checkMethod(view.getUint16(8, true), view.getUint16(10, true), place);
  const { compressedSize, size, headerOffset = 0 } = sizes;
  checkSizes(method, compressedSize, size, place);
  if (name.endsWith('/') && size !== 0) {
    throw new FormatError({ ...place, problem: 'folder with content', expected: '0 bytes', received: size });
  }
  return {
    entry: { name, method, compressedSize, size, crc32: view.getUint32(16, true), headerOffset, nameBytes },
    length,
  };
}

/** A name in UTF-8 that stays inside the archive. */
function decodeName(bytes: Uint8Array, place: Place): string {
  let name: string;
  try {
    name = UTF8.decode(bytes);
  } catch (cause) {
    throw new FormatError({
      ...place,
      problem: 'entry name is not text',
      expected: 'UTF-8',
      received: 'invalid bytes',
      cause,
    });
  }
  if (!leadsOut(name)) return name;
  throw new FormatError({
    ...place,
    problem: 'entry name leads out of the archive',
    expected: 'a relative path without "..", "." and "\\"',
    received: quote(name),
  });
}

function checkMethod(flags: number, method: number, place: Place): ZipMethod {
  if ((flags & (FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED)) !== 0) {
    throw new UnsupportedError({ ...place, problem: 'encrypted entry', expected: 'entries in the clear' });
  }
  if ((flags & FLAG_PATCH) !== 0) {
    throw new UnsupportedError({ ...place, problem: 'entry is a patch', expected: 'whole content' });
  }
  if (method === METHOD_STORED) return 'stored';
  if (method === METHOD_DEFLATE) return 'deflate';
  throw new UnsupportedError({
    ...place,
    problem: 'unknown compression method',
    expected: '0 (stored) or 8 (deflate)',
    received: method,
  });
}

function checkSizes(method: ZipMethod, compressedSize: number, size: number, place: Place): void {
  if (method === 'stored') {
    if (compressedSize === size) return;
    const expected = `${compressedSize} bytes`;
    throw new FormatError({ ...place, problem: 'sizes of a stored entry differ', expected, received: size });
  }
  if (size > ZIP_INFLATED_LIMIT) {
    throw new UnsupportedError({
      ...place,
      problem: 'deflated entry over the limit',
      expected: `at most ${ZIP_INFLATED_LIMIT} bytes`,
      received: size,
      hint: 'Save the file without compression',
    });
  }
  if (size > compressedSize * ZIP_RATIO_LIMIT) {
    throw new FormatError({
      ...place,
      problem: 'ratio of a deflated entry over the limit',
      expected: `at most ${ZIP_RATIO_LIMIT} x ${compressedSize} bytes`,
      received: size,
    });
  }
}

/** Where each entry's bytes must end, with a first check that they do; the local header, read later, is longer than known here. */
function dataLimits(entries: readonly Unplaced[], directoryOffset: number, file: Place): number[] {
  const order = entries.map((_, i) => i).sort((a, b) => entries[a]!.headerOffset - entries[b]!.headerOffset);
  const limits = new Array<number>(entries.length);
  for (const [k, i] of order.entries()) {
    const { name, headerOffset, nameBytes, compressedSize } = entries[i]!;
    const next = order[k + 1];
    const limit = next === undefined ? directoryOffset : entries[next]!.headerOffset;
    const end = headerOffset + LOCAL_BYTES + nameBytes + compressedSize;
    if (end > limit) {
      const what = next === undefined ? 'the central directory' : `entry ${quote(entries[next]!.name)}`;
      throw new FormatError({
        ...entryPlace(file.op, file.path, name),
        problem: `entry overlaps ${what}`,
        expected: `an end at ${limit} or before`,
        received: end,
      });
    }
    limits[i] = limit;
  }
  return limits;
}
