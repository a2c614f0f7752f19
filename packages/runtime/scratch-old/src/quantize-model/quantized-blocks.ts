import type { QuantizedLinear } from '@bitcliff/quantize';
import type { LinearPlace } from '../architecture.ts';

/** A linear layer of a block, with the policy that it was quantized by. */
export interface QuantizedPlace {
  readonly place: LinearPlace;
  readonly quantized: QuantizedLinear;
}

/** A block whose linear layers were quantized. */
export interface QuantizedBlock {
  /** What led to these numbers: recipe, methods, calibration tokens, weights; 64 hexadecimal digits. */
  readonly fingerprint: string;
  /** Layers that the recipe leaves in floating point are not among them. */
  readonly linears: readonly QuantizedPlace[];
}

/** Where quantized blocks are kept, so that work that was stopped can go on. */
export interface QuantizedBlocks {
  /** @param layer 0-based  @returns `undefined` when there is none */
  read(layer: number): Promise<QuantizedBlock | undefined>;
  write(layer: number, block: QuantizedBlock): Promise<void>;
}

/** Blocks in memory. */
export function createQuantizedBlocks(): QuantizedBlocks {
  const blocks = new Map<number, QuantizedBlock>();
  return {
    read: async (layer) => blocks.get(layer),
    write: async (layer, block) => void blocks.set(layer, block),
  };
}
