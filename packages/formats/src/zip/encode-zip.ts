/** @file A zip writer for archives of arrays: stored entries only, so that readers can map the data. Equal input gives equal bytes. */
import { InvalidInputError } from '@bitcliff/core';
import { quote } from '../internal/quote.ts';
import { crc32 } from './crc32.ts';
import { leadsOut } from './zip-entry.ts';
import {
  CENTRAL_BYTES,
  CENTRAL_SIGNATURE,
  END_BYTES,
  END_SIGNATURE,
  EXTRA_ZIP64,
  FLAG_UTF8,
  LOCAL_BYTES,
  LOCAL_SIGNATURE,
  METHOD_STORED,
  NONE_16,
  NONE_32,
  ZIP64_END_BYTES,
  ZIP64_END_SIGNATURE,
  ZIP64_LOCATOR_BYTES,
  ZIP64_LOCATOR_SIGNATURE,
} from './zip-records.ts';

/** How to write an archive. */
export interface EncodeZipOptions {
  /** The data of each entry starts at a multiple of this many bytes, a power of two up to 4096. @default 64 */
  readonly alignment?: number;
  /** `always` writes 64-bit fields also where they are not needed. @default 'auto' */
  readonly zip64?: 'auto' | 'always';
}

/** Extra field that only pads, under the id that torch uses for it. */
const EXTRA_PADDING = 0x4246; // caffe2/serialize/inline_container.cc: 'F', 'B'

/** 1980-01-01, the first date that zip can say: a file must not depend on when it was written. */
const DATE = 0x0021;

const VERSION_PLAIN = 20; // APPNOTE.TXT 4.4.3.2
const VERSION_ZIP64 = 45;

interface Planned {
  readonly name: Uint8Array;
  readonly content: Uint8Array;
  readonly crc: number;
  readonly headerOffset: number;
  /** Bytes of padding, its own head included. */
  readonly padding: number;
  readonly wide: boolean;
}

/**
 * A zip archive of stored entries.
 * @param files content by name, in the order in which they are written; a name is a relative path of at most 65,535 bytes
 * @returns the whole file
 * @throws {InvalidInputError} on a name that zip cannot hold or that leads out of the archive
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 * @example
 * encodeZip(new Map([['hello.txt', new TextEncoder().encode('hello')]]));
 */
export function encodeZip(
  files: ReadonlyMap<string, Uint8Array>,
  options: EncodeZipOptions = {},
): Uint8Array {
  const { alignment = 64, zip64 = 'auto' } = options;
  const always = zip64 === 'always';
  const entries: Planned[] = [];
  let at = 0;
  for (const [name, content] of files) {
    const nameBytes = encodeName(name);
    const wide = always || content.byteLength >= NONE_32 || at >= NONE_32;
    const unpadded = at + LOCAL_BYTES + nameBytes.byteLength + (wide ? 20 : 0);
    let padding = (alignment - (unpadded % alignment)) % alignment;
    while (padding > 0 && padding < 4) padding += alignment; // its id and length take four bytes
    entries.push({ name: nameBytes, content, crc: crc32(content), headerOffset: at, padding, wide });
    at = unpadded + padding + content.byteLength;
  }
  const directoryOffset = at;
  for (const { name, wide } of entries) at += CENTRAL_BYTES + name.byteLength + (wide ? 28 : 0);
  const directoryLength = at - directoryOffset;
  const wideEnd =
    always || entries.length >= NONE_16 || directoryLength >= NONE_32 || directoryOffset >= NONE_32;
  const endLength = (wideEnd ? ZIP64_END_BYTES + ZIP64_LOCATOR_BYTES : 0) + END_BYTES;

  const file = new Uint8Array(at + endLength);
  const view = new DataView(file.buffer);
  let central = directoryOffset;
  for (const entry of entries) {
    writeLocal(file, view, entry);
    central += writeCentral(file, view, entry, central);
  }
  writeEnd(view, at, { count: entries.length, directoryOffset, directoryLength, wide: wideEnd });
  return file;
}

function encodeName(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  const plain = !leadsOut(name) && !name.endsWith('/');
  if (plain && name.isWellFormed() && bytes.byteLength <= NONE_16) return bytes;
  throw new InvalidInputError({
    op: 'encodeZip',
    problem: 'bad entry name',
    expected: 'a relative path of 1 to 65535 bytes without "..", "." and "\\"',
    received: quote(name),
  });
}

function writeLocal(file: Uint8Array, view: DataView, entry: Planned): void {
  const { name, content, crc, headerOffset: at, padding, wide } = entry;
  view.setUint32(at, LOCAL_SIGNATURE, true);
  view.setUint16(at + 4, wide ? VERSION_ZIP64 : VERSION_PLAIN, true);
  view.setUint16(at + 6, FLAG_UTF8, true);
  view.setUint16(at + 8, METHOD_STORED, true);
  view.setUint16(at + 12, DATE, true);
  view.setUint32(at + 14, crc, true);
  view.setUint32(at + 18, wide ? NONE_32 : content.byteLength, true);
  view.setUint32(at + 22, wide ? NONE_32 : content.byteLength, true);
  view.setUint16(at + 26, name.byteLength, true);
  view.setUint16(at + 28, (wide ? 20 : 0) + padding, true);
  file.set(name, at + LOCAL_BYTES);
  let extra = at + LOCAL_BYTES + name.byteLength;
  if (wide) extra += writeWide(view, extra, [content.byteLength, content.byteLength]);
  if (padding > 0) {
    view.setUint16(extra, EXTRA_PADDING, true);
    view.setUint16(extra + 2, padding - 4, true);
  }
  file.set(content, extra + padding);
}

/** @returns bytes written */
function writeCentral(file: Uint8Array, view: DataView, entry: Planned, at: number): number {
  const { name, content, crc, headerOffset, wide } = entry;
  view.setUint32(at, CENTRAL_SIGNATURE, true);
  view.setUint16(at + 4, wide ? VERSION_ZIP64 : VERSION_PLAIN, true);
  view.setUint16(at + 6, wide ? VERSION_ZIP64 : VERSION_PLAIN, true);
  view.setUint16(at + 8, FLAG_UTF8, true);
  view.setUint16(at + 10, METHOD_STORED, true);
  view.setUint16(at + 14, DATE, true);
  view.setUint32(at + 16, crc, true);
  view.setUint32(at + 20, wide ? NONE_32 : content.byteLength, true);
  view.setUint32(at + 24, wide ? NONE_32 : content.byteLength, true);
  view.setUint16(at + 28, name.byteLength, true);
  view.setUint16(at + 30, wide ? 28 : 0, true);
  view.setUint32(at + 42, wide ? NONE_32 : headerOffset, true);
  file.set(name, at + CENTRAL_BYTES);
  const extra = at + CENTRAL_BYTES + name.byteLength;
  const written = wide ? writeWide(view, extra, [content.byteLength, content.byteLength, headerOffset]) : 0;
  return CENTRAL_BYTES + name.byteLength + written;
}

/** A zip64 extra field. @returns bytes written */
function writeWide(view: DataView, at: number, values: readonly number[]): number {
  view.setUint16(at, EXTRA_ZIP64, true);
  view.setUint16(at + 2, values.length * 8, true);
  for (const [i, value] of values.entries()) view.setBigUint64(at + 4 + i * 8, BigInt(value), true);
  return 4 + values.length * 8;
}

interface EndPlan {
  readonly count: number;
  readonly directoryOffset: number;
  readonly directoryLength: number;
  readonly wide: boolean;
}

function writeEnd(view: DataView, start: number, plan: EndPlan): void {
  const { count, directoryOffset, directoryLength, wide } = plan;
  let at = start;
  if (wide) {
    view.setUint32(at, ZIP64_END_SIGNATURE, true);
    view.setBigUint64(at + 4, BigInt(ZIP64_END_BYTES - 12), true);
    view.setUint16(at + 12, VERSION_ZIP64, true);
    view.setUint16(at + 14, VERSION_ZIP64, true);
    view.setBigUint64(at + 24, BigInt(count), true);
    view.setBigUint64(at + 32, BigInt(count), true);
    view.setBigUint64(at + 40, BigInt(directoryLength), true);
    view.setBigUint64(at + 48, BigInt(directoryOffset), true);
    at += ZIP64_END_BYTES;
    view.setUint32(at, ZIP64_LOCATOR_SIGNATURE, true);
    view.setBigUint64(at + 8, BigInt(start), true);
    view.setUint32(at + 16, 1, true);
    at += ZIP64_LOCATOR_BYTES;
  }
  view.setUint32(at, END_SIGNATURE, true);
  view.setUint16(at + 8, wide ? NONE_16 : count, true);
  view.setUint16(at + 10, wide ? NONE_16 : count, true);
  view.setUint32(at + 12, wide ? NONE_32 : directoryLength, true);
  view.setUint32(at + 16, wide ? NONE_32 : directoryOffset, true);
}
