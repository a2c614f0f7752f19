/** @file The clip search of AWQ (quant-spec.md B.1, step 5): the range of each group that gives the least output error of that group. */
import {
  chooseAffine,
  dequantizeAffineRef,
  encodeAffineRef,
  groupRangesRef,
  type Matrix,
} from '@bitcliff/kernels';
import { affineOptions } from '../../schemes/encode-weight.ts';
import { createGramForm } from '../../statistics/gram-form.ts';
import type { InputStatistics } from '../../statistics/input-statistics.ts';
import type { IntegerScheme } from '../../weight-scheme.ts';

const GRID = 20; // llm-awq auto_clip.py: n_grid
const STEPS = 10; // max_shrink 0.5: factors 1, 0.95, …, 0.55

/** Ranges of all groups. */
export interface AwqClip {
  /** f32[groups × columns]: weights of the group are clamped to ± this. */
  readonly max: Float32Array;
  /** f64[groups × columns]: mean over tokens of (Σ_k∈group x_k (ŵ_k − w_k))². */
  readonly error: Float64Array;
}

/**
 * @param weight W [in, out], after scaling
 * @param inputs of the unscaled layer; `scales` divides them
 * @param scheme integers per column or per group
 */
export function searchAwqClip(
  weight: Matrix,
  inputs: Pick<InputStatistics, 'gram' | 'tokens'>,
  scales: Float32Array,
  scheme: IntegerScheme,
): AwqClip {
  const { rows, columns } = weight;
  const options = affineOptions(scheme);
  const groupSize = Math.min(scheme.groupSize ?? rows, rows);
  const groups = Math.ceil(rows / groupSize);
  const best = {
    max: new Float32Array(groups * columns),
    error: new Float64Array(groups * columns).fill(Infinity),
  };
  for (let g = 0; g < groups; g++) {
    const start = g * groupSize;
    const size = Math.min(groupSize, rows - start);
    const data = weight.data.subarray(start * columns, (start + size) * columns);
    const group = { data, rows: size, columns };
    const scale = scales.subarray(start, start + size);
    const form = createGramForm(inputs.gram, size, { start, stride: rows, scale });
    const { min, max } = groupRangesRef(group, { granularity: 'perColumn' });
    const top = max.map((value, j) => Math.max(value, -min[j]!));
    const clamped = new Float32Array(data.length);
    for (let step = 0; step < STEPS; step++) {
      const limit = top.map((value) => value * (1 - step / GRID));
      clampRows(data, limit, clamped);
      const parameters = {
        ...chooseAffine(
          min.map((value, j) => Math.max(value, -limit[j]!)),
          max.map((value, j) => Math.min(value, limit[j]!)),
          options,
        ),
        groupSize: size,
      };
      const codes = encodeAffineRef({ data: clamped, rows: size, columns }, parameters, options);
      const { bits, symmetric } = scheme;
      const change = dequantizeAffineRef({ codes, ...parameters, rows: size, columns, bits, symmetric });
      for (let i = 0; i < change.length; i++) change[i] = change[i]! - data[i]!;
      const errors = form.perColumn(change, columns);
      for (let j = 0, at = g * columns; j < columns; j++, at++) {
        const error = errors[j]! / inputs.tokens;
        if (error >= best.error[at]!) continue;
        best.error[at] = error;
        best.max[at] = limit[j]!;
      }
    }
  }
  return best;
}

/** Clamp every weight to ± the limit of its group. @returns f32[rows × columns] */
export function applyAwqClip(weight: Matrix, clip: AwqClip, groupSize: number): Float32Array {
  const { data, rows, columns } = weight;
  const out = new Float32Array(data.length);
  for (let start = 0, g = 0; start < rows; start += groupSize, g++) {
    const end = Math.min(rows, start + groupSize) * columns;
    const limit = clip.max.subarray(g * columns, (g + 1) * columns);
    clampRows(data.subarray(start * columns, end), limit, out.subarray(start * columns, end));
  }
  return out;
}

function clampRows(data: Float32Array, limit: Float32Array, out: Float32Array): void {
  const columns = limit.length;
  for (let i = 0, j = 0; i < data.length; i++) {
    out[i] = Math.max(-limit[j]!, Math.min(limit[j]!, data[i]!));
    if (++j === columns) j = 0;
  }
}
