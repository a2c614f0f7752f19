import type { BlockFormat } from '../block-format.ts';
import { countBlocks } from '../internal/count-blocks.ts';
import { halfTable } from '../internal/half.ts';

/** What each code means: 16 levels, closer together near zero. */
const LEVELS: Int8Array = new Int8Array([
  -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
]); // ggml-common.h, kvalues_iq4nl

/**
 * 4 bits through a table of levels, one scale for 32 elements: laid out as Q4_0. x = level[q] · d.
 * @see ggml-quants.c, dequantize_row_iq4_nl @ d99724f2
 */
export const IQ4_NL: BlockFormat<'IQ4_NL'> = {
  name: 'IQ4_NL',
  ggmlType: 20,
  blockSize: 32,
  bytesPerBlock: 18,
  dequantize(bytes, out) {
    const blocks = countBlocks(IQ4_NL, bytes.length, out.length);
    const half = halfTable();
    for (let b = 0; b < blocks; b++) {
      const at = b * 18;
      const to = b * 32;
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 2 + j]!;
        out[to + j] = LEVELS[pair & 15]! * d;
        out[to + j + 16] = LEVELS[pair >> 4]! * d;
      }
    }
  },
};
