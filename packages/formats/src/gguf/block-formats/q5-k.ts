import type { BlockFormat } from '../block-format.ts';
import { countBlocks, countBlocksOf } from '../internal/count-blocks.ts';
import type { ScaleGrid } from '../internal/fit-scale-min.ts';
import { halfTable } from '../internal/half.ts';
import { minAt, scaleAt } from '../internal/packed-scales.ts';
import { quantizeSuperBlock } from '../internal/quantize-super-block.ts';

const GRID: ScaleGrid = { maxCode: 31, first: -0.5, steps: 15 };

const codes = new Uint8Array(256);

/**
 * 5 bits, 8 sub-blocks of 32 with a 6-bit scale and minimum each: head as in Q4_K, 32 bytes of fifth bits, 128 bytes of
 * nibbles as in Q4_K. x = d · scale · q − dmin · min. Bit j of fifth-bits byte l belongs to element l of sub-block j.
 * @see ggml-quants.c, quantize_row_q5_K_ref and dequantize_row_q5_K @ d99724f2
 */
export const Q5_K: BlockFormat<'Q5_K'> = {
  name: 'Q5_K',
  ggmlType: 13,
  blockSize: 256,
  bytesPerBlock: 176,
  dequantize(bytes, out) {
    const blocks = countBlocks(Q5_K, bytes.length, out.length);
    const half = halfTable();
    for (let b = 0; b < blocks; b++) {
      const at = b * 176;
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      const dmin = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
      for (let c = 0; c < 4; c++) {
        const lowScale = d * scaleAt(bytes, at + 4, 2 * c);
        const lowMin = dmin * minAt(bytes, at + 4, 2 * c);
        const highScale = d * scaleAt(bytes, at + 4, 2 * c + 1);
        const highMin = dmin * minAt(bytes, at + 4, 2 * c + 1);
        const qs = at + 48 + 32 * c;
        const to = b * 256 + 64 * c;
        for (let l = 0; l < 32; l++) {
          const pair = bytes[qs + l]!;
          const fifths = bytes[at + 16 + l]! >> (2 * c);
          out[to + l] = lowScale * ((pair & 15) + ((fifths & 1) << 4)) - lowMin;
          out[to + l + 32] = highScale * ((pair >> 4) + ((fifths & 2) << 3)) - highMin;
        }
      }
    }
  },
  quantize(values, out) {
    const blocks = countBlocksOf(Q5_K, values, out);
    for (let b = 0; b < blocks; b++) {
      const at = b * 176;
      quantizeSuperBlock(values, b * 256, GRID, codes, out, at, 'Q5_K');
      for (let l = 0; l < 32; l++) {
        let fifths = 0;
        for (let c = 0; c < 4; c++) {
          const low = codes[64 * c + l]!;
          const high = codes[64 * c + l + 32]!;
          out[at + 48 + 32 * c + l] = (low & 15) | ((high & 15) << 4);
          fifths |= ((low >> 4) << (2 * c)) | ((high >> 4) << (2 * c + 1));
        }
        out[at + 16 + l] = fifths;
      }
    }
  },
};
