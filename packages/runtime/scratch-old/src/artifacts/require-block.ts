import { NotFoundError } from '@bitcliff/core';
import type { Recipe } from '@bitcliff/quantize';
import type { QuantizedBlock, QuantizedBlocks } from '../quantize-model/quantized-blocks.ts';

/** A block that must be there. @throws {NotFoundError} when it is not quantized yet */
export async function requireBlock(
  blocks: QuantizedBlocks,
  layer: number,
  { name }: Recipe,
): Promise<QuantizedBlock> {
  const block = await blocks.read(layer);
  if (block !== undefined) return block;
  throw new NotFoundError({
    op: 'writeArtifact',
    problem: `block ${layer} of recipe "${name}" is not quantized yet`,
    expected: 'all blocks, as quantizeModel writes them',
  });
}
