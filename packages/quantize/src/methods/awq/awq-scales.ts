/** @file The candidates of the AWQ search: how much each input channel is scaled up before rounding (quant-spec.md B.1, steps 2 and 3). */
import type { Matrix } from '@bitcliff/kernels';
import type { AwqMethod } from '../../method.ts';

/** One candidate. */
export interface AwqCandidate {
  /** Exponent r of the activations. */
  readonly ratio: number;
  /** Whether the weights' size divides the scale (duo scaling). */
  readonly duo: boolean;
  /** f32[in], all 1 for no scaling. */
  readonly scales: Float32Array;
}

/** @param wMean f32[in], for duo scaling alone; see {@link meanRelativeWeights} */
export function awqCandidates(
  { gridPoints, scaling }: Pick<AwqMethod, 'gridPoints' | 'scaling'>,
  meanAbs: Float32Array,
  wMean: Float32Array | null,
): AwqCandidate[] {
  const none = { ratio: 0, duo: false, scales: new Float32Array(meanAbs.length).fill(1) };
  if (scaling === 'none') return [none];
  if (scaling !== 'duo-or-none') {
    const duo = scaling === 'duo';
    return Array.from({ length: gridPoints }, (_, i) => {
      const ratio = i / gridPoints;
      return { ratio, duo, scales: awqScales(ratio, meanAbs, duo ? wMean : null) };
    });
  }
  return [
    none,
    ...Array.from({ length: gridPoints - 1 }, (_, i) => {
      const ratio = i / (gridPoints - 2);
      return { ratio, duo: true, scales: awqScales(ratio, meanAbs, wMean) };
    }),
  ];
}

/** s = max(x̄^r [/ (w̄^(1−r) + 1e-4)], 1e-4), divided by √(max s · min s); what is not finite becomes 1. */
function awqScales(ratio: number, meanAbs: Float32Array, wMean: Float32Array | null): Float32Array {
  const scales = meanAbs.map((x, j) => {
    const divisor = wMean === null ? 1 : wMean[j]! ** (1 - ratio) + 1e-4;
    return Math.max(x ** ratio / divisor, 1e-4);
  });
  const norm = Math.sqrt(scales.reduce((a, b) => Math.max(a, b)) * scales.reduce((a, b) => Math.min(a, b)));
  return scales.map((s) => (Number.isFinite(s / norm) && s / norm > 0 ? s / norm : 1));
}

/**
 * w̄_j: mean over all outputs of all layers of |w_ij| / (max|w| of its group + 1e-6).
 * @param groupSize inputs of a group
 */
export function meanRelativeWeights(weights: readonly Matrix[], groupSize: number): Float32Array {
  const rows = weights[0]!.rows;
  const sums = new Float64Array(rows);
  let outputs = 0;
  for (const { data, columns } of weights) {
    outputs += columns;
    for (let start = 0; start < rows; start += groupSize) {
      const end = Math.min(rows, start + groupSize);
      const top = new Float32Array(columns);
      for (let r = start, i = start * columns; r < end; r++) {
        for (let j = 0; j < columns; j++, i++) top[j] = Math.max(top[j]!, Math.abs(data[i]!));
      }
      for (let r = start, i = start * columns; r < end; r++) {
        for (let j = 0; j < columns; j++, i++) sums[r]! += Math.abs(data[i]!) / (top[j]! + 1e-6);
      }
    }
  }
  return Float32Array.from(sums, (sum) => sum / outputs);
}
