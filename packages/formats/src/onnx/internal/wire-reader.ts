/** @file The protobuf wire format of a byte source, field by field. What is skipped is not read. */
import { FormatError } from '@bitcliff/core';
import type { ByteSource } from '../../byte-source.ts';
import { ONNX_FIELD_LIMIT } from './read-limits.ts';
import { asNumber, readVarint, VARINT_BYTES, type Varint } from './varint.ts';

/** Wire types, protobuf.dev/programming-guides/encoding. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Bytes that are read at a time. */
const WINDOW_BYTES = 65_536;

/** A tag and a varint after it. */
const HEAD_BYTES = 2 * VARINT_BYTES;

/** One field: its head, and where its content lies in the source. */
export interface WireField {
  readonly number: number;
  readonly wire: number;
  /** The value of a varint, 64 bits in two halves; of other fields 0. */
  readonly low: number;
  readonly high: number;
  /** First byte of the tag. */
  readonly tagStart: number;
  /** First byte of the content: of the value, or after the length. */
  readonly start: number;
  /** One past the content, at most the end of the message. */
  readonly end: number;
}

/** Where a message lies, and what errors call it. */
export interface WireMessage {
  readonly start: number;
  readonly end: number;
  readonly where: string;
}

export class WireReader {
  readonly #source: ByteSource;
  readonly #op: string;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;
  #fields = 0;

  constructor(source: ByteSource, op: string) {
    this.#source = source;
    this.#op = op;
  }

  /** The fields of a message, in order; the content of a field is skipped, and can be read with another call. */
  async *fields(message: WireMessage): AsyncGenerator<WireField, void, void> {
    let position = message.start;
    while (position < message.end) {
      const field = await this.#field(position, message);
      yield field;
      position = field.end;
    }
  }

  /** Bytes of the source; the caller has checked the length against a limit. */
  async bytes(start: number, end: number): Promise<Uint8Array> {
    if (end - start > WINDOW_BYTES) return this.#source.read(start, end - start);
    await this.#need(start, end - start);
    return this.#window.subarray(start - this.#windowStart, end - this.#windowStart);
  }

  /** Text of a field. @throws {FormatError} when it is longer than `limit` bytes or not UTF-8 */
  async text(field: WireField, limit: number, what: string, where: string): Promise<string> {
    this.requireWire(field, WIRE.bytes, what, where);
    const length = field.end - field.start;
    if (length > limit) {
      throw this.error(`${what} is too long`, `at most ${limit} bytes`, length, where);
    }
    const bytes = await this.bytes(field.start, field.end);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.error(`${what} is not UTF-8`, 'UTF-8', 'other bytes', where);
    }
  }

  /** @throws {FormatError} when a field that is read has another wire type than `onnx.proto` gives it */
  requireWire(field: WireField, wire: number, what: string, where: string): void {
    if (field.wire === wire) return;
    throw this.error(
      `${what} has the wrong wire type`,
      `wire type ${wire}`,
      `${field.wire} at byte ${field.tagStart}`,
      where,
    );
  }

  error(problem: string, expected: string, received: string | number, where: string): FormatError {
    return new FormatError({ op: this.#op, problem, expected, received, where, path: this.#source.name });
  }

  async #field(tagStart: number, message: WireMessage): Promise<WireField> {
    const { end: limit, where } = message;
    if (++this.#fields > ONNX_FIELD_LIMIT) {
      throw this.error('too many fields', `at most ${ONNX_FIELD_LIMIT}`, `more at byte ${tagStart}`, where);
    }
    await this.#need(tagStart, Math.min(HEAD_BYTES, limit - tagStart));
    const tag = this.#varint(tagStart, message);
    const number = tag.low >>> 3;
    const wire = tag.low & 7;
    if (tag.high !== 0 || number === 0) {
      throw this.error('bad field number', '1 to 2^29 - 1', `a tag at byte ${tagStart} that has none`, where);
    }
    const head = { number, wire, low: 0, high: 0, tagStart, start: tag.next };
    if (wire === WIRE.varint) {
      const { low, high, next } = this.#varint(tag.next, message);
      return { ...head, low, high, end: next };
    }
    let start = tag.next;
    let length: number;
    if (wire === WIRE.fixed64) length = 8;
    else if (wire === WIRE.fixed32) length = 4;
    else if (wire === WIRE.bytes) {
      const stated = this.#varint(tag.next, message);
      start = stated.next;
      length = asNumber(stated);
    } else {
      const received = wire === 3 || wire === 4 ? `a group, wire type ${wire}` : `wire type ${wire}`;
      throw this.error(
        'bad wire type',
        'wire type 0, 1, 2 or 5',
        `${received} (byte ${tagStart}, field ${number})`,
        where,
      );
    }
    if (length > limit - start) {
      throw this.error(
        `field ${number} at byte ${tagStart} is longer than the message around it`,
        `at most ${limit - start} bytes`,
        length,
        where,
      );
    }
    return { ...head, start, end: start + length };
  }

  #varint(at: number, message: WireMessage): Varint {
    const base = this.#windowStart;
    const end = Math.min(message.end - base, this.#window.length);
    const value = readVarint(this.#window, at - base, end);
    if (typeof value === 'object') return { ...value, next: value.next + base };
    const expected = `at most ${VARINT_BYTES} bytes and 64 bits, inside the message`;
    const received = value === 'cut' ? 'the end of the message' : 'more';
    throw this.error(`bad varint at byte ${at}`, expected, received, message.where);
  }

  /** Have `length` bytes from `at` in the window; the caller has checked that the source has them. */
  async #need(at: number, length: number): Promise<void> {
    const has = this.#windowStart + this.#window.length;
    if (at >= this.#windowStart && at + length <= has) return;
    const wanted = Math.min(Math.max(length, WINDOW_BYTES), this.#source.byteLength - at);
    this.#window = await this.#source.read(at, wanted);
    this.#windowStart = at;
  }
}
