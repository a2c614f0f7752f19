import { type LinearModuleName, policyFor, type Recipe } from './recipe.ts';
import { storageBits } from './schemes/storage-bits.ts';

/** A linear layer's place and size, W [rows = in, columns = out]. */
export interface LinearShape extends LinearModuleName {
  readonly rows: number;
  readonly columns: number;
}

/**
 * Bits per weight of the linear layers of a model under a recipe: codes, scales, zero points and group indices together. Embeddings,
 * norms, biases and the head are not counted: no recipe changes them.
 * @param options.floatBits of a weight that the recipe leaves in floating point @default 16
 * @example
 * averageBits(recipe, [{ name: 'w', role: 'mlp.up', layer: 0, layers: 1, rows: 768, columns: 3072 }]); // 4.15625 for rtn-w4g128
 */
export function averageBits(
  recipe: Recipe,
  shapes: readonly LinearShape[],
  options: { readonly floatBits?: number } = {},
): number {
  let bits = 0;
  let weights = 0;
  for (const shape of shapes) {
    bits += storageBits(policyFor(recipe, shape), shape, options.floatBits);
    weights += shape.rows * shape.columns;
  }
  return bits / weights;
}
