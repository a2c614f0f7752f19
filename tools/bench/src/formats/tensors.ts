import { createRng, Tensor } from '@bitcliff/core';

/** Float32 numbers with the spread of weights: normal, standard deviation 0.02, repeated in blocks of 65,536. */
export function weightValues(count: number, seed = 1): Float32Array {
  const rng = createRng(seed);
  const block = Float32Array.from({ length: Math.min(count, 65_536) }, () => 0.02 * rng.normal());
  const values = new Float32Array(count);
  for (let start = 0; start < count; start += block.length) {
    values.set(block.subarray(0, Math.min(block.length, count - start)), start);
  }
  return values;
}

/** F32 tensors of equal size, named as in a model of many layers. */
export function weightTensors(count: number, elements: number): Map<string, Tensor> {
  const values = weightValues(elements);
  const names = Array.from({ length: count }, (_, i) => `model.layers.${i}.mlp.down_proj.weight`);
  return new Map(names.map((name) => [name, new Tensor('F32', [elements], values)]));
}
