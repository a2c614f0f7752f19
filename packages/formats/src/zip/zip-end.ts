/** @file The records at the end of a zip file that say where the central directory is, with and without zip64. */
import { FormatError, UnsupportedError } from '@bitcliff/core';
import type { ByteSource } from '../byte-source.ts';
import type { Place } from '../internal/elements.ts';
import { ZIP_DIRECTORY_LIMIT, ZIP_ENTRY_LIMIT } from './zip-limits.ts';
import {
  CENTRAL_BYTES,
  END_BYTES,
  END_SIGNATURE,
  fieldsOf,
  NONE_16,
  NONE_32,
  uint64,
  ZIP64_END_BYTES,
  ZIP64_END_SIGNATURE,
  ZIP64_LOCATOR_BYTES,
  ZIP64_LOCATOR_SIGNATURE,
} from './zip-records.ts';

/** Where the central directory is. */
export interface ZipEnd {
  readonly entryCount: number;
  readonly directoryOffset: number;
  readonly directoryLength: number;
}

/** What one of the end records says. */
interface EndFields extends ZipEnd {
  readonly disks: readonly number[];
  /** Entries on this disk, which is the only one. */
  readonly entriesHere: number;
}

/** Longest comment, and the tail that holds all end records. */
const COMMENT_LIMIT = 0xffff;
const TAIL_BYTES = END_BYTES + COMMENT_LIMIT + ZIP64_LOCATOR_BYTES + ZIP64_END_BYTES;

/**
 * Find and check the end records. The central directory must fill the bytes before them, and they must end the file.
 * @throws {FormatError} when there is no end record, its fields contradict each other, or a count is over its limit
 * @throws {UnsupportedError} on an archive of several disks
 */
export async function readZipEnd(source: ByteSource, op: string): Promise<ZipEnd> {
  const place: Place = { op, path: source.name };
  const tailLength = Math.min(source.byteLength, TAIL_BYTES);
  const tail = await source.read(source.byteLength - tailLength, tailLength);
  const at = findEnd(tail);
  if (at === undefined) {
    const received = source.byteLength < END_BYTES ? `${source.byteLength} bytes` : 'none';
    throw new FormatError({
      ...place,
      problem: 'no end of central directory',
      expected: 'a zip file, which ends with this record',
      received,
    });
  }
  const endOffset = source.byteLength - tailLength + at;
  const plain = plainFields(fieldsOf(tail.subarray(at, at + END_BYTES)));
  const wide = await readZip64(source, endOffset, place);
  if (wide !== undefined) requireAgreement(plain, wide.fields, place);
  const fields = wide?.fields ?? plain;
  checkFields(fields, wide?.offset ?? endOffset, wide !== undefined, place);
  return fields;
}

/** Last end record whose comment ends with the file. */
function findEnd(tail: Uint8Array): number | undefined {
  const view = fieldsOf(tail);
  const first = Math.max(0, tail.byteLength - END_BYTES - COMMENT_LIMIT);
  for (let at = tail.byteLength - END_BYTES; at >= first; at--) {
    const isEnd = tail[at] === 0x50 && view.getUint32(at, true) === END_SIGNATURE;
    if (isEnd && view.getUint16(at + 20, true) === tail.byteLength - at - END_BYTES) return at;
  }
  return undefined;
}

function plainFields(view: DataView): EndFields {
  return {
    disks: [view.getUint16(4, true), view.getUint16(6, true)],
    entriesHere: view.getUint16(8, true),
    entryCount: view.getUint16(10, true),
    directoryLength: view.getUint32(12, true),
    directoryOffset: view.getUint32(16, true),
  };
}

/** The zip64 end record and its offset, or undefined when no locator stands before the end record. */
async function readZip64(
  source: ByteSource,
  endOffset: number,
  place: Place,
): Promise<{ fields: EndFields; offset: number } | undefined> {
  const locatorOffset = endOffset - ZIP64_LOCATOR_BYTES;
  if (locatorOffset < 0) return undefined;
  const locator = fieldsOf(await source.read(locatorOffset, ZIP64_LOCATOR_BYTES));
  if (locator.getUint32(0, true) !== ZIP64_LOCATOR_SIGNATURE) return undefined;
  const disk = locator.getUint32(4, true);
  const disks = locator.getUint32(16, true);
  if (disk !== 0 || disks > 1) throw severalDisks(`zip64 record on disk ${disk} of ${disks}`, place);
  const offset = uint64(locator, 8, 'offset of the zip64 record', place);
  if (offset > locatorOffset - ZIP64_END_BYTES) {
    throw new FormatError({
      ...place,
      problem: 'zip64 record is not before its locator',
      expected: `an offset of at most ${locatorOffset - ZIP64_END_BYTES}`,
      received: offset,
    });
  }
  const view = fieldsOf(await source.read(offset, ZIP64_END_BYTES));
  if (view.getUint32(0, true) !== ZIP64_END_SIGNATURE) {
    const received = `0x${view.getUint32(0, true).toString(16)}`;
    throw new FormatError({ ...place, problem: 'no zip64 record', expected: '0x6064b50', received });
  }
  const length = uint64(view, 4, 'length of the zip64 record', place);
  if (length !== locatorOffset - offset - 12) {
    const expected = `${locatorOffset - offset - 12} bytes`;
    throw new FormatError({
      ...place,
      problem: 'wrong length of the zip64 record',
      expected,
      received: length,
    });
  }
  const fields = {
    disks: [view.getUint32(16, true), view.getUint32(20, true)],
    entriesHere: uint64(view, 24, 'entry count', place),
    entryCount: uint64(view, 32, 'entry count', place),
    directoryLength: uint64(view, 40, 'length of the central directory', place),
    directoryOffset: uint64(view, 48, 'offset of the central directory', place),
  };
  return { fields, offset };
}

/** Both end records must say the same, where the older one does not refer to the newer one. */
function requireAgreement(plain: EndFields, wide: EndFields, place: Place): void {
  const pairs = [
    ['entry count', plain.entryCount, wide.entryCount, NONE_16],
    ['entry count', plain.entriesHere, wide.entriesHere, NONE_16],
    ['length of the central directory', plain.directoryLength, wide.directoryLength, NONE_32],
    ['offset of the central directory', plain.directoryOffset, wide.directoryOffset, NONE_32],
  ] as const;
  for (const [what, narrow, value, none] of pairs) {
    if (narrow === value || narrow === none) continue;
    const problem = `zip64 record contradicts the end record: ${what}`;
    throw new FormatError({ ...place, problem, expected: narrow, received: value });
  }
  for (const disk of plain.disks) {
    if (disk !== 0 && disk !== NONE_16) throw severalDisks(`disk ${disk}`, place);
  }
}

function checkFields(fields: EndFields, recordOffset: number, isZip64: boolean, place: Place): void {
  const { disks, entriesHere, entryCount, directoryLength, directoryOffset } = fields;
  if (disks.some((disk) => disk !== 0)) throw severalDisks(`disks ${disks.join(' and ')}`, place);
  if (entriesHere !== entryCount) throw severalDisks(`${entriesHere} of ${entryCount} entries here`, place);
  if (!isZip64 && (directoryLength === NONE_32 || directoryOffset === NONE_32)) {
    throw new FormatError({
      ...place,
      problem: 'zip64 record is missing',
      expected: 'one before the end record, which refers to it',
      received: 'none',
    });
  }
  if (entryCount > ZIP_ENTRY_LIMIT) {
    const expected = `at most ${ZIP_ENTRY_LIMIT}`;
    throw new FormatError({
      ...place,
      problem: 'entry count over the limit',
      expected,
      received: entryCount,
    });
  }
  if (directoryLength > ZIP_DIRECTORY_LIMIT) {
    throw new FormatError({
      ...place,
      problem: 'central directory over the limit',
      expected: `at most ${ZIP_DIRECTORY_LIMIT} bytes`,
      received: directoryLength,
    });
  }
  if (directoryOffset + directoryLength !== recordOffset) {
    throw new FormatError({
      ...place,
      problem: 'central directory does not end where the end records begin',
      expected: `offset + length = ${recordOffset}`,
      received: `${directoryOffset} + ${directoryLength}`,
    });
  }
  if (entryCount * CENTRAL_BYTES > directoryLength) {
    throw new FormatError({
      ...place,
      problem: 'entry count does not fit the central directory',
      expected: `at most ${Math.floor(directoryLength / CENTRAL_BYTES)}`,
      received: entryCount,
    });
  }
}

function severalDisks(received: string, place: Place): UnsupportedError {
  return new UnsupportedError({
    ...place,
    problem: 'archive of several disks',
    expected: 'one file that holds it all',
    received,
  });
}
