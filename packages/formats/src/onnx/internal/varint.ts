/** Most bytes of a varint. */
export const VARINT_BYTES = 10; // protobuf.dev/programming-guides/encoding: 64 bits in groups of 7

/** A varint: 64 bits in two halves, and the offset after it. */
export interface Varint {
  /** Bits 0 to 31, unsigned. */
  readonly low: number;
  /** Bits 32 to 63, unsigned. */
  readonly high: number;
  readonly next: number;
}

/**
 * Read a varint.
 * @param at first byte  @param end one past the last byte it may use
 * @returns the varint, or what is wrong with it
 */
export function readVarint(bytes: Uint8Array, at: number, end: number): Varint | 'cut' | 'too long' {
  let low = 0;
  let high = 0;
  for (let i = 0; i < VARINT_BYTES; i++) {
    if (at + i >= end) return 'cut';
    const byte = bytes[at + i]!;
    const bits = byte & 0x7f;
    if (i < 4) low |= bits << (7 * i);
    else if (i === 4) {
      low |= bits << 28; // its low 4 bits
      high = bits >> 4;
    } else if (i < 9) high |= bits << (7 * i - 32);
    else {
      if (byte > 1) return 'too long'; // an eleventh byte, or more than 64 bits
      high |= bits << 31;
    }
    if (byte < 0x80) return { low: low >>> 0, high: high >>> 0, next: at + i + 1 };
  }
  return 'too long';
}

/** The value as an unsigned number; above 2^53 it is rounded, which keeps it above every limit. */
export function asNumber({ low, high }: Pick<Varint, 'low' | 'high'>): number {
  return high * 2 ** 32 + low;
}

/** The value as a signed 64-bit integer. */
export function asInt64({ low, high }: Pick<Varint, 'low' | 'high'>): bigint {
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}
