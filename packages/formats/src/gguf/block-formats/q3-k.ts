import type { BlockFormat } from '../block-format.ts';
import { countBlocks } from '../internal/count-blocks.ts';
import { halfTable } from '../internal/half.ts';

const BYTES = 110;

/** Byte offsets inside a block. */
const CODES = 32; // 64 bytes, after 32 bytes of high bits
const SCALES = 96; // 12 bytes
const D = 108;

/**
 * 3 bits, 16 sub-blocks of 16 with a 6-bit scale each: 32 bytes of high bits, 64 bytes of low bits, 12 bytes of scales, `d`
 * F16. x = d · (scale − 32) · (low + 4 · high − 4). Low bits lie as in Q2_K; bit k of high-bits byte l belongs to element
 * l + 32k. Scale j has its low nibble in byte j mod 8 (high half for j ≥ 8) and its upper 2 bits at bit 2(j / 4) of byte
 * 8 + j mod 4.
 * @see ggml-quants.c, dequantize_row_q3_K @ d99724f2
 */
export const Q3_K: BlockFormat<'Q3_K'> = {
  name: 'Q3_K',
  ggmlType: 11,
  blockSize: 256,
  bytesPerBlock: BYTES,
  dequantize(bytes, out) {
    const blocks = countBlocks(Q3_K, bytes.length, out.length);
    const half = halfTable();
    for (let b = 0; b < blocks; b++) {
      const at = b * BYTES;
      const d = half[bytes[at + D]! | (bytes[at + D + 1]! << 8)]!;
      for (let j = 0; j < 16; j++) {
        const nibble = (bytes[at + SCALES + (j & 7)]! >> (j < 8 ? 0 : 4)) & 15;
        const upper = (bytes[at + SCALES + 8 + (j & 3)]! >> (2 * (j >> 2))) & 3;
        const scale = d * ((nibble | (upper << 4)) - 32);
        const shift = j & 6;
        const row = j >> 1; // 32 elements each
        const highs = at + 16 * (j & 1);
        const qs = at + CODES + 32 * (j >> 3) + 16 * (j & 1);
        const to = b * 256 + 16 * j;
        for (let l = 0; l < 16; l++) {
          const high = (bytes[highs + l]! >> row) & 1;
          out[to + l] = scale * (((bytes[qs + l]! >> shift) & 3) + (high << 2) - 4);
        }
      }
    }
  },
};
