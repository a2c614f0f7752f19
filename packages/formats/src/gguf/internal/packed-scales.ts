/**
 * @file The 12 bytes of Q4_K and Q5_K that hold 6-bit scales and minima of 8 sub-blocks. Sub-blocks 0..3 have theirs in the
 * low 6 bits of bytes 0..3 and 4..7; sub-blocks 4..7 have the low 4 bits in the nibbles of bytes 8..11 and the upper 2 in
 * the top bits of bytes 0..3 and 4..7.
 * @see ggml-quants.c, get_scale_min_k4 @ d99724f2
 */

/** The scale of sub-block j. @param at first of the 12 bytes  @returns integer in [0, 63] */
export function scaleAt(bytes: Uint8Array, at: number, j: number): number {
  if (j < 4) return bytes[at + j]! & 63;
  return (bytes[at + j + 4]! & 15) | ((bytes[at + j - 4]! >> 6) << 4);
}

/** The minimum of sub-block j. @param at first of the 12 bytes  @returns integer in [0, 63] */
export function minAt(bytes: Uint8Array, at: number, j: number): number {
  if (j < 4) return bytes[at + j + 4]! & 63;
  return (bytes[at + j + 4]! >> 4) | ((bytes[at + j]! >> 6) << 4);
}

/** Pack them. @param scales u8[8] in [0, 63]  @param mins u8[8] in [0, 63]  @param at first of the 12 bytes of `out` */
export function packScales(scales: Uint8Array, mins: Uint8Array, out: Uint8Array, at: number): void {
  for (let j = 0; j < 4; j++) {
    const upperScale = scales[j + 4]!;
    const upperMin = mins[j + 4]!;
    out[at + j] = scales[j]! | ((upperScale >> 4) << 6);
    out[at + j + 4] = mins[j]! | ((upperMin >> 4) << 6);
    out[at + j + 8] = (upperScale & 15) | ((upperMin & 15) << 4);
  }
}
