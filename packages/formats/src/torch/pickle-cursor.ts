/** @file Reads the arguments of pickle opcodes. Nothing is read, and nothing allocated, past the end of the pickle. */
import { FormatError } from '@bitcliff/core';
import type { Place } from '../internal/elements.ts';
import { TORCH_GLOBAL_LIMIT, TORCH_INTEGER_LIMIT } from './torch-limits.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A position in a pickle. */
export class PickleCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: Place;
  #at = 0;
  /** First byte of the opcode that is being run, for messages. */
  #opcodeAt = 0;

  constructor(bytes: Uint8Array, file: Place) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.byteLength - this.#at;
  }

  /** The place of the current opcode, for messages. */
  get place(): Place {
    return { ...this.#file, where: `byte ${this.#opcodeAt} of data.pkl` };
  }

  /** The next opcode. */
  opcode(): number {
    this.#opcodeAt = this.#at;
    return this.uint8();
  }

  uint8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** A length in eight bytes; it must fit what is left, so it is a number. */
  length64(): number {
    const length = this.#view.getBigUint64(this.#take(8), true);
    if (length > BigInt(this.left)) throw this.#cut(`${length}`);
    return Number(length);
  }

  /** Big-endian, the only number of a pickle that is. */
  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** UTF-8 text. Lone surrogates, which Python can pickle, are refused with other invalid bytes. */
  text(byteLength: number): string {
    const at = this.#take(byteLength);
    try {
      return UTF8.decode(this.#bytes.subarray(at, at + byteLength));
    } catch (cause) {
      const problem = 'string is not text';
      throw new FormatError({ ...this.place, problem, expected: 'UTF-8', received: 'invalid bytes', cause });
    }
  }

  /** A little-endian integer in two's complement, of any length up to the limit; no bytes are zero. */
  integer(byteLength: number): bigint {
    if (byteLength < 0 || byteLength > TORCH_INTEGER_LIMIT) {
      throw new FormatError({
        ...this.place,
        problem: 'integer is over the limit',
        expected: `0 to ${TORCH_INTEGER_LIMIT} bytes`,
        received: byteLength,
      });
    }
    const at = this.#take(byteLength);
    let value = 0n;
    for (let i = at + byteLength - 1; i >= at; i--) value = (value << 8n) | BigInt(this.#bytes[i]!);
    return BigInt.asIntN(byteLength * 8, value);
  }

  /** Text up to a line feed, which is taken too: one of the two names of a global. */
  line(): string {
    const reach = this.#bytes.subarray(this.#at, this.#at + TORCH_GLOBAL_LIMIT + 1);
    const length = reach.indexOf(0x0a);
    if (length < 0) {
      if (reach.byteLength <= TORCH_GLOBAL_LIMIT) throw this.#cut('a line');
      throw new FormatError({
        ...this.place,
        problem: 'name of a global is over the limit',
        expected: `at most ${TORCH_GLOBAL_LIMIT} bytes`,
        received: 'more',
      });
    }
    const text = this.text(length);
    this.#at++;
    return text;
  }

  /** Move on; the offset of the bytes passed. */
  #take(byteLength: number): number {
    if (byteLength > this.left) throw this.#cut(`${byteLength}`);
    const at = this.#at;
    this.#at += byteLength;
    return at;
  }

  #cut(wanted: string): FormatError {
    return new FormatError({
      ...this.place,
      problem: 'pickle ends in an opcode',
      expected: `${wanted} bytes more`,
      received: `${this.left} bytes`,
    });
  }
}
