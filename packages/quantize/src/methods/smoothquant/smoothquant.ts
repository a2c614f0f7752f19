/** @file SmoothQuant (arXiv 2211.10438), equation (4): README.md beside says what differs. */
import type { Matrix } from '@bitcliff/kernels';

const FLOOR = Math.fround(1e-5); // smoothquant/smooth.py, clamp(min=1e-5), of the weights' absmax and of the scales

/**
 * s_j = max(max|X_j|^α / max|W_j|^(1−α), 1e-5), the maximum of W over all layers that share the input.
 * @param absMax f32[in], of the inputs  @param weights W [in, out] each  @param alpha in [0, 1]
 * @returns f32[in]: inputs are divided by it, row j of each W multiplied
 */
export function smoothQuantScales(
  absMax: Float32Array,
  weights: readonly Matrix[],
  alpha: number,
): Float32Array {
  const weightMax = new Float32Array(absMax.length).fill(FLOOR);
  for (const { data, rows, columns } of weights) {
    for (let r = 0, i = 0; r < rows; r++) {
      for (let j = 0; j < columns; j++, i++) weightMax[r] = Math.max(weightMax[r]!, Math.abs(data[i]!));
    }
  }
  return absMax.map((x, j) => Math.max(FLOOR, x ** alpha / weightMax[j]! ** (1 - alpha)));
}

/**
 * Fold the division of the inputs into the norm before them.
 * @param values gain or bias of the norm, f32[in]
 * @returns values / scales
 */
export function foldScales(values: Float32Array, scales: Float32Array): Float32Array {
  return values.map((value, j) => value / scales[j]!);
}
