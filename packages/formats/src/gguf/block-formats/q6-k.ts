import type { BlockFormat } from '../block-format.ts';
import { countBlocks, countBlocksOf } from '../internal/count-blocks.ts';
import { nearestInt } from '../internal/f32-math.ts';
import { fitScale, GROUP_EPSILON, SUB_BLOCK_6 } from '../internal/fit-scale.ts';
import { halfTable, storeHalf } from '../internal/half.ts';

const fround = Math.fround;

const SUB_BLOCKS = 16;
const BYTES = 210;

/** Byte offsets inside a block. */
const HIGH = 128; // 64 bytes, two upper bits of each element
const SCALES = 192; // 16 signed bytes
const D = 208;

const codes = new Uint8Array(256);
const scales = new Float32Array(SUB_BLOCKS);

/**
 * 6 bits, 16 sub-blocks of 16 with a signed 8-bit scale each: 128 bytes of low nibbles, 64 bytes of upper bits, 16 scales,
 * `d` F16 last. x = d · scale · (q − 32). In each half of 128 elements, element l + 32k has its nibble in byte l + 32(k mod 2),
 * low for k < 2 and high for k ≥ 2, and its upper bits at bit 2k of byte l.
 * @see ggml-quants.c, quantize_row_q6_K_ref and dequantize_row_q6_K @ d99724f2
 */
export const Q6_K: BlockFormat<'Q6_K'> = {
  name: 'Q6_K',
  ggmlType: 14,
  blockSize: 256,
  bytesPerBlock: BYTES,
  dequantize(bytes, out) {
    const blocks = countBlocks(Q6_K, bytes.length, out.length);
    const half = halfTable();
    for (let b = 0; b < blocks; b++) {
      const at = b * BYTES;
      const d = half[bytes[at + D]! | (bytes[at + D + 1]! << 8)]!;
      for (let side = 0; side < 2; side++) {
        for (let part = 0; part < 2; part++) {
          // 16 elements of each of the four rows share their scales
          const scale = at + SCALES + 8 * side + part;
          const s0 = d * ((bytes[scale]! << 24) >> 24);
          const s1 = d * ((bytes[scale + 2]! << 24) >> 24);
          const s2 = d * ((bytes[scale + 4]! << 24) >> 24);
          const s3 = d * ((bytes[scale + 6]! << 24) >> 24);
          const low = at + 64 * side + 16 * part;
          const high = at + HIGH + 32 * side + 16 * part;
          const to = b * 256 + 128 * side + 16 * part;
          for (let l = 0; l < 16; l++) {
            const first = bytes[low + l]!;
            const second = bytes[low + l + 32]!;
            const upper = bytes[high + l]!;
            out[to + l] = s0 * (((first & 15) | ((upper & 3) << 4)) - 32);
            out[to + l + 32] = s1 * (((second & 15) | ((upper & 12) << 2)) - 32);
            out[to + l + 64] = s2 * (((first >> 4) | (upper & 48)) - 32);
            out[to + l + 96] = s3 * (((second >> 4) | ((upper & 192) >> 2)) - 32);
          }
        }
      }
    }
  },
  quantize(values, out) {
    const blocks = countBlocksOf(Q6_K, values, out);
    for (let b = 0; b < blocks; b++) {
      const at = b * BYTES;
      if (chooseCodes(values, b * 256, out, at)) packCodes(out, at);
      else out.fill(0, at, at + BYTES);
    }
  },
};

/** Write scales and d, and fill `codes`; false when the block is all but zero. */
function chooseCodes(values: Float32Array, from: number, out: Uint8Array, at: number): boolean {
  let maxScale = 0;
  for (let j = 0; j < SUB_BLOCKS; j++) {
    const scale = fitScale(values, from + j * SUB_BLOCK_6, codes, j * SUB_BLOCK_6);
    // the fit overflows only where d would too; storeHalf has the words for it
    if (!(Math.abs(scale) < Number.POSITIVE_INFINITY))
      storeHalf(out, at + D, Number.POSITIVE_INFINITY, 'Q6_K');
    scales[j] = scale;
    if (Math.abs(scale) > Math.abs(maxScale)) maxScale = scale;
  }
  if (Math.abs(maxScale) < GROUP_EPSILON) return false;
  const inverse = fround(-128 / maxScale);
  const d = storeHalf(out, at + D, fround(1 / inverse), 'Q6_K');
  for (let j = 0; j < SUB_BLOCKS; j++) {
    const scaleCode = Math.min(127, nearestInt(fround(inverse * scales[j]!)));
    out[at + SCALES + j] = scaleCode & 0xff;
    const scale = fround(d * scaleCode);
    if (scale === 0) continue; // the codes of the fit stay; they all mean zero
    for (let i = j * SUB_BLOCK_6; i < (j + 1) * SUB_BLOCK_6; i++) {
      const l = nearestInt(fround(values[from + i]! / scale));
      codes[i] = 32 + Math.max(-32, Math.min(31, l));
    }
  }
  return true;
}

function packCodes(out: Uint8Array, at: number): void {
  for (let side = 0; side < 2; side++) {
    for (let l = 0; l < 32; l++) {
      const i = 128 * side + l;
      const c0 = codes[i]!;
      const c1 = codes[i + 32]!;
      const c2 = codes[i + 64]!;
      const c3 = codes[i + 96]!;
      out[at + 64 * side + l] = (c0 & 15) | ((c2 & 15) << 4);
      out[at + 64 * side + l + 32] = (c1 & 15) | ((c3 & 15) << 4);
      out[at + HIGH + 32 * side + l] = (c0 >> 4) | ((c1 >> 4) << 2) | ((c2 >> 4) << 4) | ((c3 >> 4) << 6);
    }
  }
}
