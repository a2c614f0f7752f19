/** @file A zip reader for archives of arrays: every length is checked before it is used, and stored entries are read in place. */
import { FormatError, ShapeError } from '@bitcliff/core';
import type { ByteSource } from '../byte-source.ts';
import { crc32 } from './crc32.ts';
import { inflateRange } from './inflate.ts';
import { parseDirectory } from './zip-directory.ts';
import { readZipEnd } from './zip-end.ts';
import { entryPlace, type ZipEntry } from './zip-entry.ts';
import { readDataOffset } from './zip-local-header.ts';

/** How to open an archive. */
export interface ZipOptions {
  /** The operation that error messages name. @default 'openZip' */
  readonly op?: string;
  /** Take a checksum of 0 for "not computed", as torch writes when told so. @default false */
  readonly zeroCrcIsNone?: boolean;
}

/** Bytes offset, offset + 1, …, offset + length − 1 of an entry's content. */
export interface ZipRange {
  readonly offset: number;
  readonly length: number;
}

/** An open archive. */
export interface ZipArchive {
  readonly name: string;
  /** By name, in the order of the central directory. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /**
   * Read an entry's content, or a range of it. A range of a stored entry reads just its bytes; of a deflated one, all bytes up to its end
   * are inflated. The checksum is verified when the whole entry is read.
   * @returns u8[length]; for a stored entry a view where the source gives views
   * @throws {ShapeError} when the range is not inside the entry
   * @throws {FormatError} when the local header or the data contradicts the central directory, or the checksum is wrong
   */
  readEntry(name: string, range?: ZipRange): Promise<Uint8Array>;
}

/**
 * Open a zip archive: read and check its end records and central directory, and nothing else.
 * @param source the archive; it stays the caller's to close
 * @throws {FormatError} when a count, an offset, a length or a name is not what a zip file may have
 * @throws {UnsupportedError} on encryption, several disks, other methods than stored and deflate
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export async function openZip(source: ByteSource, options: ZipOptions = {}): Promise<ZipArchive> {
  const { op = 'openZip', zeroCrcIsNone = false } = options;
  const path = source.name;
  const end = await readZipEnd(source, op);
  const directory = await source.read(end.directoryOffset, end.directoryLength);
  const records = parseDirectory(directory, end.entryCount, end.directoryOffset, { op, path });
  const dataOffsets = new Map<string, number>();

  const readEntry = async (name: string, range?: ZipRange): Promise<Uint8Array> => {
    const record = records.get(name);
    const place = entryPlace(op, path, name);
    if (record === undefined) throw new FormatError({ ...place, problem: 'no such entry in the archive' });
    const { offset, length } = range ?? { offset: 0, length: record.size };
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
    if (!whole || offset < 0 || length < 0 || length > record.size - offset) {
      throw new ShapeError({
        ...place,
        problem: 'range is not inside the entry',
        expected: `a range inside [0, ${record.size}) bytes`,
        received: `offset ${offset}, length ${length}`,
      });
    }
    const dataOffset = dataOffsets.get(name) ?? (await readDataOffset(source, record, op));
    dataOffsets.set(name, dataOffset);
    const { compressedSize, size } = record;
    const deflated = {
      compressedSize,
      size,
      read: (at: number, count: number) => source.read(dataOffset + at, count),
    };
    const bytes =
      record.method === 'stored'
        ? await source.read(dataOffset + offset, length)
        : await inflateRange(deflated, offset, length, place);
    const checked = length === size && !(zeroCrcIsNone && record.crc32 === 0);
    if (checked && crc32(bytes) !== record.crc32) {
      throw new FormatError({
        ...place,
        problem: 'wrong checksum',
        expected: `crc32 0x${record.crc32.toString(16)}`,
        received: `0x${crc32(bytes).toString(16)}`,
        hint: 'The file is damaged: copy or download it again',
      });
    }
    return bytes;
  };
  return { name: path, entries: records, readEntry };
}
