/**
 * @file A linear layer's own weights out of the tensor that stores them, and back. The tensor may hold q, k and v together, and the outputs of a
 * head in another order.
 */
import type { LinearModule } from './architecture.ts';
import { transpose } from './transpose.ts';

/** Place of output `n` of a layer among the outputs of its tensor. */
export function storedOutput(
  { fused, paired, outFeatures }: LinearModule,
  n: number,
  headDim: number,
): number {
  if (paired) {
    const d = n % headDim;
    const half = headDim / 2;
    return n - d + (d < half ? 2 * d : 2 * (d - half) + 1);
  }
  if (fused === null) return n;
  if (fused.order === 'blocks') return fused.part * outFeatures + n;
  return (Math.floor(n / headDim) * 3 + fused.part) * headDim + (n % headDim);
}

const isWhole = ({ fused, paired }: LinearModule): boolean => fused === null && !paired;

/** @param stored the whole tensor, row-major in its layout  @returns W [out, in] */
export function takeLinear(stored: Float32Array, module: LinearModule, headDim: number): Float32Array {
  const { layout, inFeatures: K, outFeatures: N } = module;
  if (isWhole(module)) return layout === 'outIn' ? stored : transpose(stored, K, N);
  const own = new Float32Array(N * K); // [out, in]
  const width = stored.length / K; // outputs of the tensor
  for (let n = 0; n < N; n++) {
    const output = storedOutput(module, n, headDim);
    if (layout === 'outIn') own.set(stored.subarray(output * K, (output + 1) * K), n * K);
    else for (let k = 0; k < K; k++) own[n * K + k] = stored[k * width + output]!;
  }
  return own;
}

/** @param stored the whole bias  @returns f32[out] */
export function takeBias(stored: Float32Array, module: LinearModule, headDim: number): Float32Array {
  if (isWhole(module)) return stored;
  return Float32Array.from(
    { length: module.outFeatures },
    (_, n) => stored[storedOutput(module, n, headDim)]!,
  );
}

/**
 * The opposite of {@link takeLinear}, for tensors stored [out, in].
 * @param weight W [out, in]  @param stored f32[outputs of the tensor × in] to write to
 */
export function putLinear(
  weight: Float32Array,
  stored: Float32Array,
  module: LinearModule,
  headDim: number,
): void {
  const { inFeatures: K, outFeatures: N } = module;
  for (let n = 0; n < N; n++)
    stored.set(weight.subarray(n * K, (n + 1) * K), storedOutput(module, n, headDim) * K);
}

/** The opposite of {@link takeBias}. @param stored f32[outputs of the tensor] to write to */
export function putBias(
  bias: Float32Array,
  stored: Float32Array,
  module: LinearModule,
  headDim: number,
): void {
  for (let n = 0; n < bias.length; n++) stored[storedOutput(module, n, headDim)] = bias[n]!;
}
