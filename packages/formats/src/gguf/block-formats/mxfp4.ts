import type { BlockFormat } from '../block-format.ts';
import { countBlocks } from '../internal/count-blocks.ts';

/** Twice the value of each E2M1 code, so that all are integers; codes 8..15 are the negative ones. */
const DOUBLED: Int8Array = new Int8Array([0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]); // ggml-common.h, kvalues_mxfp4

/**
 * 4-bit floats (E2M1) with one power-of-two scale (E8M0) for 32 elements: the exponent byte `e`, then nibbles as in Q4_0.
 * x = value[q] · 2^(e − 127). Two differences from OCP Microscaling are ggml's: e = 255 is 2^128, not NaN, and code 8 is +0.
 * @see ggml-quants.c, dequantize_row_mxfp4 @ d99724f2; OCP Microscaling Formats 1.0, section 5
 */
export const MXFP4: BlockFormat<'MXFP4'> = {
  name: 'MXFP4',
  ggmlType: 39,
  blockSize: 32,
  bytesPerBlock: 17,
  dequantize(bytes, out) {
    const blocks = countBlocks(MXFP4, bytes.length, out.length);
    for (let b = 0; b < blocks; b++) {
      const at = b * 17;
      const to = b * 32;
      const halfScale = 2 ** (bytes[at]! - 128);
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 1 + j]!;
        out[to + j] = DOUBLED[pair & 15]! * halfScale;
        out[to + j + 16] = DOUBLED[pair >> 4]! * halfScale;
      }
    }
  },
};
