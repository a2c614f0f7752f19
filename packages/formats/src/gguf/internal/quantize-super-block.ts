/** @file What Q4_K and Q5_K share when packing 256 elements: the head of the block and the codes, before the codes are packed. */
import { nearestInt } from './f32-math.ts';
import { fitScaleMin, type ScaleGrid, SUB_BLOCK } from './fit-scale-min.ts';
import { storeHalf } from './half.ts';
import { packScales } from './packed-scales.ts';

const fround = Math.fround;

const SUB_BLOCKS = 8;

const weights = new Float32Array(SUB_BLOCK);
const scales = new Float32Array(SUB_BLOCKS);
const mins = new Float32Array(SUB_BLOCKS);
const scaleCodes = new Uint8Array(SUB_BLOCKS);
const minCodes = new Uint8Array(SUB_BLOCKS);

/**
 * Choose scales and codes of one super-block and write its first 16 bytes: d, dmin, the packed 6-bit scales and minima.
 * Scale and minimum of a sub-block are fitted with weights √(Σx²/32) + |x|, then rounded (ties to even) to 63ths of the
 * largest of the eight, then the elements are rounded again with what was stored.
 * @param values f32[…], the super-block starts at `from`  @param codes u8[256] to write to, each in [0, grid.maxCode]
 * @param out the block starts at `at`  @param format its name, for messages
 * @see ggml-quants.c, quantize_row_q4_K_ref and quantize_row_q5_K_ref @ d99724f2
 */
export function quantizeSuperBlock(
  values: Float32Array,
  from: number,
  grid: ScaleGrid,
  codes: Uint8Array,
  out: Uint8Array,
  at: number,
  format: string,
): void {
  let maxScale = 0;
  let maxMin = 0;
  for (let j = 0; j < SUB_BLOCKS; j++) {
    const start = from + j * SUB_BLOCK;
    weigh(values, start);
    const scale = fitScaleMin(values, start, weights, grid, codes, j * SUB_BLOCK, mins, j);
    scales[j] = scale;
    if (scale > maxScale) maxScale = scale;
    if (mins[j]! > maxMin) maxMin = mins[j]!;
  }
  const inverseScale = maxScale > 0 ? fround(63 / maxScale) : 0;
  const inverseMin = maxMin > 0 ? fround(63 / maxMin) : 0;
  for (let j = 0; j < SUB_BLOCKS; j++) {
    scaleCodes[j] = sixBits(fround(inverseScale * scales[j]!));
    minCodes[j] = sixBits(fround(inverseMin * mins[j]!));
  }
  const d = storeHalf(out, at, fround(maxScale / 63), format);
  const dmin = storeHalf(out, at + 2, fround(maxMin / 63), format);
  packScales(scaleCodes, minCodes, out, at + 4);

  for (let j = 0; j < SUB_BLOCKS; j++) {
    const scale = fround(d * scaleCodes[j]!);
    if (scale === 0) continue; // the codes of the fit stay; they all mean the minimum
    const min = fround(dmin * minCodes[j]!);
    for (let i = j * SUB_BLOCK; i < (j + 1) * SUB_BLOCK; i++) {
      const l = nearestInt(fround(fround(values[from + i]! + min) / scale));
      codes[i] = Math.max(0, Math.min(grid.maxCode, l));
    }
  }
}

/** Weights of a sub-block's errors: large elements count more, none counts nothing. */
function weigh(values: Float32Array, start: number): void {
  let sumXX = 0;
  for (let i = start; i < start + SUB_BLOCK; i++) sumXX = fround(sumXX + fround(values[i]! * values[i]!));
  const rootMeanSquare = fround(Math.sqrt(fround(sumXX / SUB_BLOCK)));
  for (let i = 0; i < SUB_BLOCK; i++) weights[i] = fround(rootMeanSquare + Math.abs(values[start + i]!));
}

/** Through a byte, as in ggml: a negative scale, which no sane sub-block has, wraps and ends at 63. */
function sixBits(x: number): number {
  return Math.min(63, nearestInt(x) & 0xff);
}
