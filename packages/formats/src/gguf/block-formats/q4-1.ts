import type { BlockFormat } from '../block-format.ts';
import { countBlocks, countBlocksOf } from '../internal/count-blocks.ts';
import { inverseOf } from '../internal/f32-math.ts';
import { halfTable, storeHalf } from '../internal/half.ts';

const fround = Math.fround;

/**
 * 4 bits, scale and minimum for 32 elements: `d` and `m` F16, then nibbles as in Q4_0. x = q · d + m.
 * Packed with m = min, d = (max − min) / 15 and q = min(15, trunc((x − m) / d + 0.5)).
 * @see ggml-quants.c, quantize_row_q4_1_ref and dequantize_row_q4_1 @ d99724f2
 */
export const Q4_1: BlockFormat<'Q4_1'> = {
  name: 'Q4_1',
  ggmlType: 3,
  blockSize: 32,
  bytesPerBlock: 20,
  dequantize(bytes, out) {
    const blocks = countBlocks(Q4_1, bytes.length, out.length);
    const half = halfTable();
    for (let b = 0; b < blocks; b++) {
      const at = b * 20;
      const to = b * 32;
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      const m = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 4 + j]!;
        out[to + j] = (pair & 15) * d + m;
        out[to + j + 16] = (pair >> 4) * d + m;
      }
    }
  },
  quantize(values, out) {
    const blocks = countBlocksOf(Q4_1, values, out);
    for (let b = 0; b < blocks; b++) {
      const at = b * 20;
      const from = b * 32;
      let min = values[from]!;
      let max = min;
      for (let i = from + 1; i < from + 32; i++) {
        const x = values[i]!;
        if (x < min) min = x;
        if (x > max) max = x;
      }
      const d = fround(fround(max - min) / 15);
      const inverse = inverseOf(d);
      storeHalf(out, at, d, 'Q4_1');
      storeHalf(out, at + 2, min, 'Q4_1');
      for (let j = 0; j < 16; j++) {
        const low = codeOf(fround(values[from + j]! - min), inverse);
        const high = codeOf(fround(values[from + j + 16]! - min), inverse);
        out[at + 4 + j] = low | (high << 4);
      }
    }
  },
};

function codeOf(aboveMin: number, inverse: number): number {
  return Math.min(15, Math.trunc(fround(fround(aboveMin * inverse) + 0.5)));
}
