import type { BlockFormat } from '../block-format.ts';
import { countBlocks, countBlocksOf } from '../internal/count-blocks.ts';
import type { ScaleGrid } from '../internal/fit-scale-min.ts';
import { halfTable } from '../internal/half.ts';
import { minAt, scaleAt } from '../internal/packed-scales.ts';
import { quantizeSuperBlock } from '../internal/quantize-super-block.ts';

const GRID: ScaleGrid = { maxCode: 15, first: -1, steps: 20 };

const codes = new Uint8Array(256);

/**
 * 4 bits, 8 sub-blocks of 32 with a 6-bit scale and minimum each: `d` and `dmin` F16, 12 bytes of scales and minima, 128
 * bytes of codes. x = d · scale · q − dmin · min. Byte 32c + l of the codes holds element l of sub-block 2c in the low and of
 * sub-block 2c + 1 in the high nibble.
 * @see ggml-quants.c, quantize_row_q4_K_ref and dequantize_row_q4_K @ d99724f2
 */
export const Q4_K: BlockFormat<'Q4_K'> = {
  name: 'Q4_K',
  ggmlType: 12,
  blockSize: 256,
  bytesPerBlock: 144,
  dequantize(bytes, out) {
    const blocks = countBlocks(Q4_K, bytes.length, out.length);
    const half = halfTable();
    for (let b = 0; b < blocks; b++) {
      const at = b * 144;
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      const dmin = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
      for (let c = 0; c < 4; c++) {
        const lowScale = d * scaleAt(bytes, at + 4, 2 * c);
        const lowMin = dmin * minAt(bytes, at + 4, 2 * c);
        const highScale = d * scaleAt(bytes, at + 4, 2 * c + 1);
        const highMin = dmin * minAt(bytes, at + 4, 2 * c + 1);
        const qs = at + 16 + 32 * c;
        const to = b * 256 + 64 * c;
        for (let l = 0; l < 32; l++) {
          const pair = bytes[qs + l]!;
          out[to + l] = lowScale * (pair & 15) - lowMin;
          out[to + l + 32] = highScale * (pair >> 4) - highMin;
        }
      }
    }
  },
  quantize(values, out) {
    const blocks = countBlocksOf(Q4_K, values, out);
    for (let b = 0; b < blocks; b++) {
      const at = b * 144;
      quantizeSuperBlock(values, b * 256, GRID, codes, out, at, 'Q4_K');
      for (let c = 0; c < 4; c++) {
        for (let l = 0; l < 32; l++) {
          out[at + 16 + 32 * c + l] = codes[64 * c + l]! | (codes[64 * c + l + 32]! << 4);
        }
      }
    }
  },
};
