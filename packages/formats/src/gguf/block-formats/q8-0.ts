import type { BlockFormat } from '../block-format.ts';
import { countBlocks, countBlocksOf } from '../internal/count-blocks.ts';
import { inverseOf, signedExtreme } from '../internal/f32-math.ts';
import { halfTable, storeHalf } from '../internal/half.ts';

const fround = Math.fround;

/**
 * 8 bits, one scale for 32 elements: `d` F16, then 32 signed bytes. x = q · d.
 * Packed with d = max |x| / 127 and q = x / d rounded half away from zero; the float32 d is divided by, its F16 is stored.
 * @see ggml-quants.c, quantize_row_q8_0_ref and dequantize_row_q8_0 @ d99724f2
 */
export const Q8_0: BlockFormat<'Q8_0'> = {
  name: 'Q8_0',
  ggmlType: 8,
  blockSize: 32,
  bytesPerBlock: 34,
  dequantize(bytes, out) {
    const blocks = countBlocks(Q8_0, bytes.length, out.length);
    const half = halfTable();
    for (let b = 0; b < blocks; b++) {
      const at = b * 34;
      const to = b * 32;
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      for (let j = 0; j < 32; j++) out[to + j] = ((bytes[at + 2 + j]! << 24) >> 24) * d;
    }
  },
  quantize(values, out) {
    const blocks = countBlocksOf(Q8_0, values, out);
    for (let b = 0; b < blocks; b++) {
      const at = b * 34;
      const from = b * 32;
      const d = fround(Math.abs(signedExtreme(values, from, 32)) / 127);
      const inverse = inverseOf(d);
      storeHalf(out, at, d, 'Q8_0');
      for (let j = 0; j < 32; j++) {
        const q = fround(values[from + j]! * inverse);
        out[at + 2 + j] = (q < 0 ? q - 0.5 : q + 0.5) | 0; // half away from zero: the sum is exact in float64 where it matters
      }
    }
  },
};
