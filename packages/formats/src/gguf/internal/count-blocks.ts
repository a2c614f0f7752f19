import { InvalidInputError, ShapeError } from '@bitcliff/core';
import type { BlockFormat } from '../block-format.ts';

type Sizes = Pick<BlockFormat<string>, 'name' | 'blockSize' | 'bytesPerBlock'>;

/**
 * Number of whole blocks that both lengths agree on.
 * @param byteLength bytes of the blocks  @param length elements
 * @throws {ShapeError} when they do not agree, or there is a part of a block
 */
export function countBlocks(format: Sizes, byteLength: number, length: number): number {
  const { name, blockSize, bytesPerBlock } = format;
  const blocks = length / blockSize;
  if (Number.isInteger(blocks) && byteLength === blocks * bytesPerBlock) return blocks;
  throw new ShapeError({
    op: name,
    problem: 'lengths are not those of whole blocks',
    expected: `a multiple of ${blockSize} elements and ${bytesPerBlock} bytes for each ${blockSize}`,
    received: `${length} elements and ${byteLength} bytes`,
  });
}

/**
 * As {@link countBlocks}, for values about to be packed: refuse what no block can hold.
 * @throws {InvalidInputError} on a NaN or an infinity; the message names its index
 */
export function countBlocksOf(format: Sizes, values: Float32Array, out: Uint8Array): number {
  const blocks = countBlocks(format, out.length, values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value - value === 0) continue; // false for NaN and the infinities alone
    throw new InvalidInputError({
      op: format.name,
      problem: `cannot quantize element ${i}`,
      expected: 'a finite number',
      received: value,
    });
  }
  return blocks;
}
