import { ShapeError, UnsupportedError } from '@bitcliff/core';
import { decodeBF16, encodeBF16 } from '../bf16.ts';
import { decodeF16, encodeF16 } from '../f16.ts';
import { bytesOf } from '../internal/elements.ts';
import { requireLittleEndian } from '../internal/little-endian.ts';
import type { BlockType } from '../tensor-source.ts';
import { BLOCK_FORMATS, isBlockType } from './block-formats.ts';

/** Types that float32 values can be packed into. */
export type QuantizableType =
  | 'F32'
  | 'F16'
  | 'BF16'
  | Exclude<BlockType, 'Q2_K' | 'Q3_K' | 'IQ4_NL' | 'MXFP4'>;

/** How to pack. */
export interface QuantizeBlocksOptions {
  /** Elements of a row, the last size of the tensor's shape: no block may span two rows. @default all values are one row */
  readonly rowLength?: number | undefined;
}

/**
 * Pack float32 values for a GGUF tensor, with the round rules of ggml: the bytes equal those of its reference quantizers
 * without an importance matrix.
 * @param type F32 is copied, F16 and BF16 are rounded to nearest even (NaN and overflow to infinity included), the others are block formats
 * @param values f32[n], finite for block formats
 * @returns u8[…], little-endian, the `data` of a GGUF tensor
 * @throws {ShapeError} when a row is not a whole number of blocks, or the values not a whole number of rows
 * @throws {InvalidInputError} on a NaN or an infinity for a block format, or values too large for its F16 scales
 * @throws {UnsupportedError} on a type that is only read
 * @see quant-spec.md B.7; ggml-quants.c, quantize_row_*_ref @ d99724f2
 * @example
 * quantizeBlocks('Q8_0', new Float32Array(4096)).length; // 4352
 */
export function quantizeBlocks(
  type: QuantizableType,
  values: Float32Array,
  options: QuantizeBlocksOptions = {},
): Uint8Array {
  const op = 'quantizeBlocks';
  requireLittleEndian(op);
  if (!isBlockType(type)) {
    if (type === 'F32') return bytesOf(values.slice());
    if (type === 'F16') return bytesOf(encodeF16(values));
    if (type === 'BF16') return bytesOf(encodeBF16(values));
    throw unsupported(op, type);
  }
  const { blockSize, bytesPerBlock, quantize } = BLOCK_FORMATS[type];
  if (quantize === undefined) throw unsupported(op, type);
  const { rowLength = values.length } = options;
  if (!Number.isSafeInteger(rowLength) || rowLength < 0 || rowLength % blockSize !== 0) {
    throw new ShapeError({
      op,
      problem: `a row is not a whole number of ${type} blocks`,
      expected: `a multiple of ${blockSize} elements`,
      received: rowLength,
    });
  }
  if (values.length !== 0 && values.length % rowLength !== 0) {
    const expected = `a multiple of ${rowLength} elements`;
    throw new ShapeError({ op, problem: 'values are not whole rows', expected, received: values.length });
  }
  const out = new Uint8Array((values.length / blockSize) * bytesPerBlock);
  quantize(values, out);
  return out;
}

/**
 * Unpack the bytes of a GGUF tensor to float32, with the bits that ggml gives.
 * @param type a block type, or F32, F16, BF16  @param bytes u8[…], whole blocks
 * @returns f32[n]
 * @throws {ShapeError} when there is a part of a block
 * @throws {UnsupportedError} on another type
 * @example
 * dequantizeBlocks('Q4_0', new Uint8Array(18)).length; // 32
 */
export function dequantizeBlocks(type: BlockType | 'F32' | 'F16' | 'BF16', bytes: Uint8Array): Float32Array {
  const op = 'dequantizeBlocks';
  requireLittleEndian(op);
  const isPlain = type === 'F32' || type === 'F16' || type === 'BF16';
  if (!isPlain && !isBlockType(type)) throw unsupported(op, type);
  const { blockSize, bytesPerBlock } = isPlain
    ? { blockSize: 1, bytesPerBlock: type === 'F32' ? 4 : 2 }
    : BLOCK_FORMATS[type];
  if (bytes.length % bytesPerBlock !== 0) {
    const problem = `bytes are not whole ${isPlain ? 'elements' : 'blocks'} of ${type}`;
    const expected = `a multiple of ${bytesPerBlock} bytes`;
    throw new ShapeError({ op, problem, expected, received: bytes.length });
  }
  const count = (bytes.length / bytesPerBlock) * blockSize;
  if (isPlain) {
    const { buffer } = bytes.slice(); // aligned
    if (type === 'F32') return new Float32Array(buffer, 0, count);
    return (type === 'F16' ? decodeF16 : decodeBF16)(new Uint16Array(buffer, 0, count));
  }
  const out = new Float32Array(count);
  BLOCK_FORMATS[type].dequantize(bytes, out);
  return out;
}

function unsupported(op: string, type: string): UnsupportedError {
  const writable = Object.values(BLOCK_FORMATS).filter(
    (format) => op !== 'quantizeBlocks' || format.quantize,
  );
  const expected = `one of: F32, F16, BF16, ${writable.map((format) => format.name).join(', ')}`;
  return new UnsupportedError({ op, problem: 'no such conversion', expected, received: type });
}
