/** @file Zip files for tests, right or wrong: every field can be given another value than the true one. */
import { deflateRawSync, crc32 as zlibCrc32 } from 'node:zlib';

/** Fields of a local or central header that a test can set. */
export interface ZipHeaderFields {
  signature?: number;
  flags?: number;
  method?: number;
  crc?: number;
  compressedSize?: number;
  size?: number;
  name?: string | Uint8Array;
  extra?: Uint8Array;
  /** Central only. */
  disk?: number;
  offset?: number;
  nameLength?: number;
  extraLength?: number;
}

/** One entry: its content, and what its headers say where that is not the truth. */
export interface ZipTestEntry {
  name: string | Uint8Array;
  data: Uint8Array;
  deflate?: boolean;
  /** The bytes in the archive, where they are not the content, plain or deflated. */
  raw?: Uint8Array;
  both?: ZipHeaderFields;
  local?: ZipHeaderFields;
  central?: ZipHeaderFields;
}

/** What the records at the end say, where that is not the truth. */
export interface ZipTestEnd {
  disk?: number;
  directoryDisk?: number;
  entriesHere?: number;
  entries?: number;
  directoryLength?: number;
  directoryOffset?: number;
  comment?: Uint8Array;
  /** Bytes between the central directory and the end records. */
  gap?: Uint8Array;
  zip64?: {
    signature?: number;
    length?: number | bigint;
    disk?: number;
    entries?: number | bigint;
    directoryLength?: number | bigint;
    directoryOffset?: number | bigint;
    locatorDisk?: number;
    locatorOffset?: number | bigint;
    disks?: number;
  };
}

/** Little-endian fields one after another: [bytes, value]. */
export function packed(...fields: [1 | 2 | 4 | 8, number | bigint][]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 8) view.setBigUint64(at, BigInt(value), true);
    else if (size === 4) view.setUint32(at, Number(value), true);
    else if (size === 2) view.setUint16(at, Number(value), true);
    else view.setUint8(at, Number(value));
    at += size;
  }
  return bytes;
}

/** One array from several. */
export function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A zip64 extra field. */
export function zip64Extra(...values: (number | bigint)[]): Uint8Array {
  return packed([2, 1], [2, values.length * 8], ...values.map((v) => [8, v] as [8, number | bigint]));
}

/** A zip file. */
export function zipFile(entries: readonly ZipTestEntry[], end: ZipTestEnd = {}): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  const add = (bytes: Uint8Array): void => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (const entry of entries) {
    const raw =
      entry.raw ?? (entry.deflate === true ? new Uint8Array(deflateRawSync(entry.data)) : entry.data);
    const truth = {
      flags: 0x0800,
      method: entry.deflate === true ? 8 : 0,
      crc: zlibCrc32(entry.data),
      compressedSize: raw.length,
      size: entry.data.length,
      name: entry.name,
      extra: new Uint8Array(0),
      disk: 0,
      offset: at,
      ...entry.both,
    };
    const l = { signature: 0x04034b50, ...truth, ...entry.local };
    const c = { signature: 0x02014b50, ...truth, ...entry.central };
    const nameOf = (name: string | Uint8Array) =>
      typeof name === 'string' ? new TextEncoder().encode(name) : name;
    const [ln, cn] = [nameOf(l.name), nameOf(c.name)];
    add(packed([4, l.signature], [2, 20], [2, l.flags], [2, l.method], [4, 0x210000], [4, l.crc]));
    add(
      packed(
        [4, l.compressedSize],
        [4, l.size],
        [2, l.nameLength ?? ln.length],
        [2, l.extraLength ?? l.extra.length],
      ),
    );
    add(ln);
    add(l.extra);
    add(raw);
    central.push(
      packed([4, c.signature], [2, 20], [2, 20], [2, c.flags], [2, c.method], [4, 0x210000], [4, c.crc]),
      packed(
        [4, c.compressedSize],
        [4, c.size],
        [2, c.nameLength ?? cn.length],
        [2, c.extraLength ?? c.extra.length],
      ),
      packed([2, 0], [2, c.disk], [2, 0], [4, 0], [4, c.offset]),
      cn,
      c.extra,
    );
  }
  const directoryOffset = at;
  for (const bytes of central) add(bytes);
  const directoryLength = at - directoryOffset;
  if (end.gap !== undefined) add(end.gap);
  if (end.zip64 !== undefined) {
    const z = end.zip64;
    const record = at;
    add(
      packed([4, z.signature ?? 0x06064b50], [8, z.length ?? 44], [2, 45], [2, 45], [4, z.disk ?? 0], [4, 0]),
    );
    add(packed([8, z.entries ?? entries.length], [8, z.entries ?? entries.length]));
    add(packed([8, z.directoryLength ?? directoryLength], [8, z.directoryOffset ?? directoryOffset]));
    add(packed([4, 0x07064b50], [4, z.locatorDisk ?? 0], [8, z.locatorOffset ?? record], [4, z.disks ?? 1]));
  }
  const count = entries.length;
  const comment = end.comment ?? new Uint8Array(0);
  add(
    packed(
      [4, 0x06054b50],
      [2, end.disk ?? 0],
      [2, end.directoryDisk ?? 0],
      [2, end.entriesHere ?? end.entries ?? count],
    ),
  );
  add(
    packed(
      [2, end.entries ?? count],
      [4, end.directoryLength ?? directoryLength],
      [4, end.directoryOffset ?? directoryOffset],
    ),
  );
  add(packed([2, comment.length]));
  add(comment);
  return joined(...parts);
}
