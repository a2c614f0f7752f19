/** @file A linear layer's own weights out of the tensor that stores them, which may hold q, k and v together. */
import type { LinearModule } from './architecture.ts';
import { transpose } from './transpose.ts';

/** Place of output `n` of a layer among the outputs of its tensor. */
function storedOutput({ fused, outFeatures }: LinearModule, n: number, headDim: number): number {
  if (fused === null) return n;
  if (fused.order === 'blocks') return fused.part * outFeatures + n;
  return (Math.floor(n / headDim) * 3 + fused.part) * headDim + (n % headDim);
}

/** @param stored the whole tensor, row-major in its layout  @returns W [out, in] */
export function takeLinear(stored: Float32Array, module: LinearModule, headDim: number): Float32Array {
  const { layout, fused, inFeatures: K, outFeatures: N } = module;
  if (fused === null) return layout === 'outIn' ? stored : transpose(stored, K, N);
  const own = new Float32Array(N * K); // [out, in]
  for (let n = 0; n < N; n++) {
    const output = storedOutput(module, n, headDim);
    if (layout === 'outIn') own.set(stored.subarray(output * K, (output + 1) * K), n * K);
    else for (let k = 0; k < K; k++) own[n * K + k] = stored[k * 3 * N + output]!;
  }
  return own;
}

/** @param stored the whole bias  @returns f32[out] */
export function takeFusedBias(stored: Float32Array, module: LinearModule, headDim: number): Float32Array {
  if (module.fused === null) return stored;
  return Float32Array.from(
    { length: module.outFeatures },
    (_, n) => stored[storedOutput(module, n, headDim)]!,
  );
}
