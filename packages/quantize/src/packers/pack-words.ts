/** @file Codes of 1 to 8 bits as dense streams of 32-bit words: element i of a row has bits i·b … i·b + b − 1, and may straddle two words. */

/** Words of a row of `count` codes. */
export function wordsPerRow(count: number, bits: number): number {
  return Math.ceil((count * bits) / 32);
}

/**
 * @param codes u8[rows × count], each below 2^bits
 * @returns i32[rows × words]; unused bits at the end of a row are 0
 */
export function packWords(
  codes: Uint8Array,
  rows: number,
  count: number,
  bits: number,
): Int32Array<ArrayBuffer> {
  const words = wordsPerRow(count, bits);
  const packed = new Int32Array(rows * words);
  for (let r = 0, i = 0; r < rows; r++) {
    for (let k = 0, bit = 0; k < count; k++, i++, bit += bits) {
      const at = r * words + (bit >>> 5);
      const shift = bit & 31;
      packed[at]! |= codes[i]! << shift;
      if (shift + bits > 32) packed[at + 1]! |= codes[i]! >>> (32 - shift);
    }
  }
  return packed;
}

/** @param packed i32[rows × words]  @returns u8[rows × count] */
export function unpackWords(packed: Int32Array, rows: number, count: number, bits: number): Uint8Array {
  const words = wordsPerRow(count, bits);
  const mask = 2 ** bits - 1;
  const codes = new Uint8Array(rows * count);
  for (let r = 0, i = 0; r < rows; r++) {
    for (let k = 0, bit = 0; k < count; k++, i++, bit += bits) {
      const at = r * words + (bit >>> 5);
      const shift = bit & 31;
      const high = shift + bits > 32 ? packed[at + 1]! << (32 - shift) : 0;
      codes[i] = ((packed[at]! >>> shift) | high) & mask;
    }
  }
  return codes;
}
