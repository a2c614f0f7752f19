/** @file F16 scales inside blocks: a table of all 65536 values for reading, one code at a time for writing. */
import { InvalidInputError } from '@bitcliff/core';
import { decodeF16, encodeF16 } from '../../f16.ts';

let table: Float32Array | undefined;

/** The value of every F16 code, f32[65536]; made at the first call (256 KiB). */
export function halfTable(): Float32Array {
  if (table === undefined) table = decodeF16(new Uint16Array(65536).map((_, code) => code));
  return table;
}

const value = new Float32Array(1);
const code = new Uint16Array(1);

/**
 * Write a block's scale, rounded to nearest even, as two little-endian bytes.
 * @param scale float32  @returns the value that was stored
 * @throws {InvalidInputError} when it overflows to infinity, which would make every element of the block one
 */
export function storeHalf(out: Uint8Array, at: number, scale: number, format: string): number {
  value[0] = scale;
  encodeF16(value, code);
  const stored = code[0]!;
  if ((stored & 0x7c00) === 0x7c00) {
    throw new InvalidInputError({
      op: format,
      problem: 'the scale or minimum of a block is too large for F16',
      expected: 'a magnitude of at most 65504',
      received: scale,
      hint: 'The values are too large for this format; store them as F32 or BF16',
    });
  }
  out[at] = stored & 0xff;
  out[at + 1] = stored >> 8;
  return halfTable()[stored]!;
}
