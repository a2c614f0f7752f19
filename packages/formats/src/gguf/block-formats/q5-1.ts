import type { BlockFormat } from '../block-format.ts';
import { countBlocks, countBlocksOf } from '../internal/count-blocks.ts';
import { inverseOf } from '../internal/f32-math.ts';
import { halfTable, storeHalf } from '../internal/half.ts';

const fround = Math.fround;

/**
 * 5 bits, scale and minimum for 32 elements: `d` and `m` F16, then fifth bits and nibbles as in Q5_0. x = q · d + m.
 * Packed with m = min, d = (max − min) / 31 and q = trunc((x − m) / d + 0.5).
 * @see ggml-quants.c, quantize_row_q5_1_ref and dequantize_row_q5_1 @ d99724f2
 */
export const Q5_1: BlockFormat<'Q5_1'> = {
  name: 'Q5_1',
  ggmlType: 7,
  blockSize: 32,
  bytesPerBlock: 24,
  dequantize(bytes, out) {
    const blocks = countBlocks(Q5_1, bytes.length, out.length);
    const half = halfTable();
    for (let b = 0; b < blocks; b++) {
      const at = b * 24;
      const to = b * 32;
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      const m = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
      const fifthLow = bytes[at + 4]! | (bytes[at + 5]! << 8); // of elements 0..15
      const fifthHigh = bytes[at + 6]! | (bytes[at + 7]! << 8); // of elements 16..31
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 8 + j]!;
        out[to + j] = ((pair & 15) + (((fifthLow >> j) & 1) << 4)) * d + m;
        out[to + j + 16] = ((pair >> 4) + (((fifthHigh >> j) & 1) << 4)) * d + m;
      }
    }
  },
  quantize(values, out) {
    const blocks = countBlocksOf(Q5_1, values, out);
    for (let b = 0; b < blocks; b++) {
      const at = b * 24;
      const from = b * 32;
      let min = values[from]!;
      let max = min;
      for (let i = from + 1; i < from + 32; i++) {
        const x = values[i]!;
        if (x < min) min = x;
        if (x > max) max = x;
      }
      const d = fround(fround(max - min) / 31);
      const inverse = inverseOf(d);
      storeHalf(out, at, d, 'Q5_1');
      storeHalf(out, at + 2, min, 'Q5_1');
      let fifths = 0;
      for (let j = 0; j < 16; j++) {
        const low = codeOf(fround(values[from + j]! - min), inverse);
        const high = codeOf(fround(values[from + j + 16]! - min), inverse);
        out[at + 8 + j] = (low & 15) | ((high & 15) << 4);
        fifths |= ((low >> 4) << j) | ((high >> 4) << (j + 16));
      }
      for (let k = 0; k < 4; k++) out[at + 4 + k] = (fifths >>> (8 * k)) & 0xff;
    }
  },
};

function codeOf(aboveMin: number, inverse: number): number {
  return Math.min(31, Math.trunc(fround(fround(aboveMin * inverse) + 0.5)));
}
