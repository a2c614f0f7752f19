import type { BlockFormat } from '../block-format.ts';
import { countBlocks, countBlocksOf } from '../internal/count-blocks.ts';
import { inverseOf, signedExtreme } from '../internal/f32-math.ts';
import { halfTable, storeHalf } from '../internal/half.ts';

const fround = Math.fround;

/**
 * 4 bits, one scale for 32 elements: `d` F16, then 16 bytes that hold element j in the low and j + 16 in the high nibble.
 * x = (q − 8) · d. Packed with d = (the element of largest magnitude) / −8 and q = min(15, trunc(x / d + 8.5)).
 * @see ggml-quants.c, quantize_row_q4_0_ref and dequantize_row_q4_0 @ d99724f2
 */
export const Q4_0: BlockFormat<'Q4_0'> = {
  name: 'Q4_0',
  ggmlType: 2,
  blockSize: 32,
  bytesPerBlock: 18,
  dequantize(bytes, out) {
    const blocks = countBlocks(Q4_0, bytes.length, out.length);
    const half = halfTable();
    for (let b = 0; b < blocks; b++) {
      const at = b * 18;
      const to = b * 32;
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 2 + j]!;
        out[to + j] = ((pair & 15) - 8) * d;
        out[to + j + 16] = ((pair >> 4) - 8) * d;
      }
    }
  },
  quantize(values, out) {
    const blocks = countBlocksOf(Q4_0, values, out);
    for (let b = 0; b < blocks; b++) {
      const at = b * 18;
      const from = b * 32;
      const d = fround(signedExtreme(values, from, 32) / -8);
      const inverse = inverseOf(d);
      storeHalf(out, at, d, 'Q4_0');
      for (let j = 0; j < 16; j++) {
        const low = codeOf(values[from + j]!, inverse);
        const high = codeOf(values[from + j + 16]!, inverse);
        out[at + 2 + j] = low | (high << 4);
      }
    }
  },
};

function codeOf(x: number, inverse: number): number {
  return Math.min(15, Math.trunc(fround(fround(x * inverse) + 8.5)));
}
