/**
 * @file A linear layer's own weights out of the tensor that stores them, and back. The tensor may hold q, k and v together, and the outputs of a
 * head in another order.
 */
import type { LinearModule } from './architecture.ts';
import { transpose } from './transpose.ts';

/** Place of output `n` of a layer among the outputs of its tensor. */
function storedOutput({ fused, paired, outFeatures }: LinearModule, n: number, headDim: number): number {
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

/** @param stored the whole tensor, row-major in its layout  @returns W [in, out] */
export function takeLinear(stored: Float32Array, module: LinearModule, headDim: number): Float32Array {
  const { layout, inFeatures: K, outFeatures: N } = module;
  if (layout === 'outIn') {
    if (isWhole(module)) return transpose(stored, N, K);
    const own = new Float32Array(N * K); // [out, in]
    for (let n = 0; n < N; n++) {
      const row = storedOutput(module, n, headDim);
      own.set(stored.subarray(row * K, (row + 1) * K), n * K);
    }
    return transpose(own, N, K);
  }
  if (isWhole(module)) return stored;
  const width = stored.length / K;
  const own = new Float32Array(K * N); // [in, out]
  for (let n = 0; n < N; n++) {
    const column = storedOutput(module, n, headDim);
    for (let k = 0; k < K; k++) own[k * N + n] = stored[k * width + column]!;
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
 * @param weight W [in, out]  @param stored f32[outputs of the tensor × in] to write to
 */
export function putLinear(
  weight: Float32Array,
  stored: Float32Array,
  module: LinearModule,
  headDim: number,
): void {
  const { inFeatures: K, outFeatures: N } = module;
  const own = transpose(weight, K, N); // [out, in]
  for (let n = 0; n < N; n++)
    stored.set(own.subarray(n * K, (n + 1) * K), storedOutput(module, n, headDim) * K);
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
