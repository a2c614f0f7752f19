/** @file Signatures, sizes and small shared readers of the records of a zip file. Numbers: PKWARE APPNOTE.TXT 6.3.10. */
import { FormatError } from '@bitcliff/core';
import type { Place } from '../internal/elements.ts';

export const LOCAL_SIGNATURE = 0x04034b50; // 4.3.7
export const CENTRAL_SIGNATURE = 0x02014b50; // 4.3.12
export const END_SIGNATURE = 0x06054b50; // 4.3.16
export const ZIP64_END_SIGNATURE = 0x06064b50; // 4.3.14
export const ZIP64_LOCATOR_SIGNATURE = 0x07064b50; // 4.3.15

/** Bytes of each record without its fields of variable length. */
export const LOCAL_BYTES = 30;
export const CENTRAL_BYTES = 46;
export const END_BYTES = 22;
export const ZIP64_END_BYTES = 56;
export const ZIP64_LOCATOR_BYTES = 20;

/** Values that say "see the zip64 field". */
export const NONE_16 = 0xffff;
export const NONE_32 = 0xffffffff;

/** Bits of the general purpose flag. */
export const FLAG_ENCRYPTED = 0x0001; // 4.4.4
export const FLAG_DESCRIPTOR = 0x0008;
export const FLAG_PATCH = 0x0020;
export const FLAG_STRONG_ENCRYPTION = 0x0040;
export const FLAG_UTF8 = 0x0800;
export const FLAG_MASKED = 0x2000;

export const METHOD_STORED = 0;
export const METHOD_DEFLATE = 8;

/** Extra field of the 64-bit sizes. */
export const EXTRA_ZIP64 = 0x0001; // 4.5.3

/** A view for little-endian fields. */
export function fieldsOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A 64-bit field as a number. @throws {FormatError} beyond 2^53 − 1 */
export function uint64(view: DataView, offset: number, what: string, place: Place): number {
  const value = view.getBigUint64(offset, true);
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new FormatError({
    ...place,
    problem: `${what} overflows`,
    expected: 'at most 2^53 - 1',
    received: `${value}`,
  });
}

/** Sizes that may stand in a zip64 extra field; `undefined` for a field that the header does not have. */
export interface ZipSizes {
  readonly size: number;
  readonly compressedSize: number;
  readonly headerOffset?: number;
}

/**
 * Replace sizes that say "see zip64" by the values of the zip64 extra field.
 * @param extra the header's extra fields, each an id, a length and data
 * @throws {FormatError} when the field is missing, repeated, cut or too short
 */
export function resolveZip64(sizes: ZipSizes, extra: Uint8Array, place: Place): ZipSizes {
  const keys = (['size', 'compressedSize', 'headerOffset'] as const).filter((key) => sizes[key] === NONE_32);
  const field = findZip64Field(extra, place);
  if (keys.length === 0) return sizes;
  const needed = keys.length * 8;
  if (field === undefined || field.byteLength < needed) {
    throw new FormatError({
      ...place,
      problem: 'zip64 sizes are missing',
      expected: `a zip64 field of ${needed} bytes`,
      received: field === undefined ? 'none' : `${field.byteLength} bytes`,
    });
  }
  const view = fieldsOf(field);
  const resolved = { ...sizes };
  for (const [i, key] of keys.entries()) resolved[key] = uint64(view, i * 8, `zip64 ${key}`, place);
  return resolved;
}

/** Walk the extra fields; those that are not zip64 need no sense (torch pads with its own). */
function findZip64Field(extra: Uint8Array, place: Place): Uint8Array | undefined {
  const view = fieldsOf(extra);
  let found: Uint8Array | undefined;
  let at = 0;
  while (at + 4 <= extra.byteLength) {
    const id = view.getUint16(at, true);
    const length = view.getUint16(at + 2, true);
    if (length > extra.byteLength - at - 4) {
      throw new FormatError({
        ...place,
        problem: 'extra field is longer than its header says',
        expected: `at most ${extra.byteLength - at - 4} bytes`,
        received: length,
      });
    }
    if (id === EXTRA_ZIP64) {
      if (found !== undefined) {
        throw new FormatError({ ...place, problem: 'two zip64 fields in one header', expected: 'one' });
      }
      found = extra.subarray(at + 4, at + 4 + length);
    }
    at += 4 + length;
  }
  return found; // up to three bytes may be left: zipalign pads so
}
