import type { Place } from '../internal/elements.ts';
import { quote } from '../internal/quote.ts';

/** How the bytes of an entry are kept. */
export type ZipMethod = 'stored' | 'deflate';

/** One file of a zip archive, as the central directory describes it. */
export interface ZipEntry {
  /** Path inside the archive, "/" between folders; ends in "/" for a folder. */
  readonly name: string;
  readonly method: ZipMethod;
  /** Bytes in the archive. */
  readonly compressedSize: number;
  /** Bytes of the content. */
  readonly size: number;
  /** Of the content; an integer in [0, 2^32). */
  readonly crc32: number;
}

/** An entry with its place in the archive. */
export interface ZipRecord extends ZipEntry {
  /** First byte of the local header. */
  readonly headerOffset: number;
  /** Where the next local header or the central directory begins: the data ends here or earlier. */
  readonly dataLimit: number;
}

/** The place of an entry, for messages. */
export function entryPlace(op: string, path: string, name: string): Place {
  return { op, path, where: `entry ${quote(name)}` };
}

/** True for a name that is not a plain relative path: nobody writes these files here, but a name is also a key to compare. */
export function leadsOut(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  return name === '' || /[\\\u0000-\u001f]|^\/|^[A-Za-z]:\/|(?:^|\/)\.\.?(?:\/|$)/.test(name);
}
