import type { BlockFormat } from '../block-format.ts';
import { countBlocks } from '../internal/count-blocks.ts';
import { halfTable } from '../internal/half.ts';

const BYTES = 84;

/** Byte offsets inside a block. */
const CODES = 16; // 64 bytes
const D = 80; // then dmin

/**
 * 2 bits, 16 sub-blocks of 16 with a 4-bit scale (low nibble) and minimum (high nibble) each: 16 bytes of them, 64 bytes of
 * codes, `d` and `dmin` F16. x = d · scale · q − dmin · min. In each half of 128 elements, element l + 32k is at bit 2k of
 * byte l.
 * @see ggml-quants.c, dequantize_row_q2_K @ d99724f2
 */
export const Q2_K: BlockFormat<'Q2_K'> = {
  name: 'Q2_K',
  ggmlType: 10,
  blockSize: 256,
  bytesPerBlock: BYTES,
  dequantize(bytes, out) {
    const blocks = countBlocks(Q2_K, bytes.length, out.length);
    const half = halfTable();
    for (let b = 0; b < blocks; b++) {
      const at = b * BYTES;
      const d = half[bytes[at + D]! | (bytes[at + D + 1]! << 8)]!;
      const dmin = half[bytes[at + D + 2]! | (bytes[at + D + 3]! << 8)]!;
      for (let j = 0; j < 16; j++) {
        // sub-block j: half j / 8, row (j mod 8) / 2, side j mod 2
        const packed = bytes[at + j]!;
        const scale = d * (packed & 15);
        const min = dmin * (packed >> 4);
        const shift = j & 6;
        const qs = at + CODES + 32 * (j >> 3) + 16 * (j & 1);
        const to = b * 256 + 16 * j;
        for (let l = 0; l < 16; l++) out[to + l] = scale * ((bytes[qs + l]! >> shift) & 3) - min;
      }
    }
  },
};
