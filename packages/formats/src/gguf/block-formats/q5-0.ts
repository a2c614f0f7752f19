import type { BlockFormat } from '../block-format.ts';
import { countBlocks, countBlocksOf } from '../internal/count-blocks.ts';
import { inverseOf, signedExtreme } from '../internal/f32-math.ts';
import { halfTable, storeHalf } from '../internal/half.ts';

const fround = Math.fround;

/**
 * 5 bits, one scale for 32 elements: `d` F16, then 4 bytes whose bit j is the fifth bit of element j, then nibbles as in
 * Q4_0. x = (q − 16) · d. Packed with d = (the element of largest magnitude) / −16 and q = min(31, trunc(x / d + 16.5)).
 * @see ggml-quants.c, quantize_row_q5_0_ref and dequantize_row_q5_0 @ d99724f2
 */
export const Q5_0: BlockFormat<'Q5_0'> = {
  name: 'Q5_0',
  ggmlType: 6,
  blockSize: 32,
  bytesPerBlock: 22,
  dequantize(bytes, out) {
    const blocks = countBlocks(Q5_0, bytes.length, out.length);
    const half = halfTable();
    for (let b = 0; b < blocks; b++) {
      const at = b * 22;
      const to = b * 32;
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      const fifthLow = bytes[at + 2]! | (bytes[at + 3]! << 8); // of elements 0..15
      const fifthHigh = bytes[at + 4]! | (bytes[at + 5]! << 8); // of elements 16..31
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 6 + j]!;
        out[to + j] = ((pair & 15) + (((fifthLow >> j) & 1) << 4) - 16) * d;
        out[to + j + 16] = ((pair >> 4) + (((fifthHigh >> j) & 1) << 4) - 16) * d;
      }
    }
  },
  quantize(values, out) {
    const blocks = countBlocksOf(Q5_0, values, out);
    for (let b = 0; b < blocks; b++) {
      const at = b * 22;
      const from = b * 32;
      const d = fround(signedExtreme(values, from, 32) / -16);
      const inverse = inverseOf(d);
      storeHalf(out, at, d, 'Q5_0');
      let fifths = 0;
      for (let j = 0; j < 16; j++) {
        const low = codeOf(values[from + j]!, inverse);
        const high = codeOf(values[from + j + 16]!, inverse);
        out[at + 6 + j] = (low & 15) | ((high & 15) << 4);
        fifths |= ((low >> 4) << j) | ((high >> 4) << (j + 16));
      }
      for (let k = 0; k < 4; k++) out[at + 2 + k] = (fifths >>> (8 * k)) & 0xff;
    }
  },
};

function codeOf(x: number, inverse: number): number {
  return Math.min(31, Math.trunc(fround(fround(x * inverse) + 16.5)));
}
