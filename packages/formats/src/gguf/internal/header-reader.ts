/**
 * @file Reads a header front to back through a window on the file. The window is refilled only when a value reaches past it
 * and doubles each time, so that a small header takes one read, a large one few, and the tensor data none.
 */
import { FormatError, type UnsupportedError } from '@bitcliff/core';
import type { ByteSource } from '../../byte-source.ts';
import { GGUF_HEADER_LIMIT } from '../gguf-limits.ts';

/** First and largest window, in bytes. A value that needs more gets a window of its own size. */
const FIRST_WINDOW = 256 * 1024;
const LAST_WINDOW = 8 * 1024 * 1024;

const op = 'openGguf';

type Fields = ConstructorParameters<typeof UnsupportedError>[0];

/** A position in a file's header. `fill` before each read of bytes that may not be there. */
export class HeaderReader {
  readonly byteLength: number;
  /** What is being read, for messages: a key, a tensor. */
  where: string | undefined;
  /** Arrays read so far. */
  arrays = 0;
  private readonly source: ByteSource;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  /** Offset of the window in the file, and of the next byte in the window. */
  private start = 0;
  private at = 0;
  private nextWindow = FIRST_WINDOW;

  constructor(source: ByteSource) {
    this.source = source;
    this.byteLength = source.byteLength;
  }

  /** Offset of the next byte in the file. */
  get position(): number {
    return this.start + this.at;
  }

  /** Bytes of the file that are left. */
  get remaining(): number {
    return this.byteLength - this.position;
  }

  /** True when the next `length` bytes are in the window; if not, `fill` fetches them. */
  has(length: number): boolean {
    return length <= this.bytes.length - this.at;
  }

  /**
   * Fetch at least the next `length` bytes.
   * @param what what they are, for messages
   * @throws {FormatError} when the file or the limit of a header ends before them
   */
  async fill(length: number, what: string): Promise<void> {
    const { position, remaining } = this;
    if (length > remaining) {
      const expected = `${length} bytes at offset ${position}`;
      throw this.error(`file ends inside ${what}`, { expected, received: remaining });
    }
    if (length > GGUF_HEADER_LIMIT - position) {
      const expected = `at most ${GGUF_HEADER_LIMIT} bytes`;
      throw this.error('header over the limit', {
        expected,
        received: `${position + length} bytes with ${what}`,
      });
    }
    const wanted = Math.min(remaining, Math.max(length, this.nextWindow));
    this.nextWindow = Math.min(LAST_WINDOW, this.nextWindow * 2);
    this.bytes = await this.source.read(position, wanted);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.start = position;
    this.at = 0;
  }

  /** The next 4 bytes as an integer. They must be in the window, as for the methods below. */
  u32(): number {
    const value = this.view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  /** The next 8 bytes as a number: exact up to 2^53, and above it still above it, which is all that a limit needs. */
  size(): number {
    return this.u32() + this.u32() * 2 ** 32;
  }

  /** The next `length` bytes; a view of the window. */
  take(length: number): Uint8Array {
    const bytes = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return bytes;
  }

  /** The next `length` bytes as UTF-8 text. @throws {FormatError} when they are not UTF-8 */
  text(length: number, what: string): string {
    try {
      return this.decoder.decode(this.take(length));
    } catch (cause) {
      throw this.error(`${what} is not text`, { expected: 'UTF-8', received: 'invalid bytes', cause });
    }
  }

  /**
   * A string: its length in 8 bytes, then its bytes.
   * @throws {FormatError} when it is longer than `limit` bytes or the file, or not UTF-8
   */
  async string(limit: number, what: string): Promise<string> {
    if (!this.has(8)) await this.fill(8, `the length of ${what}`);
    const length = this.size();
    if (length > limit) {
      throw this.error(`${what} is too long`, { expected: `at most ${limit} bytes`, received: length });
    }
    if (!this.has(length)) await this.fill(length, what);
    return this.text(length, what);
  }

  /** An error about what is being read. */
  error(problem: string, fields: Omit<Fields, 'op' | 'problem' | 'path'>): FormatError {
    return new FormatError(this.fields(problem, fields));
  }

  /** The fields of such an error, for another class. */
  fields(problem: string, fields: Omit<Fields, 'op' | 'problem' | 'path'>): Fields {
    const where = this.where === undefined ? {} : { where: this.where };
    return { op, problem, path: this.source.name, ...where, ...fields };
  }
}
