/** @file AWQ (arXiv 2306.00978): the scale search and what is done with its winner. README.md beside says what differs. */

import { InternalError } from '@bitcliff/core';
import type { Matrix } from '@bitcliff/kernels';
import type { AwqMethod } from '../../method.ts';
import { encodeWeight, fakeQuantize } from '../../schemes/encode-weight.ts';
import type { StoredWeight } from '../../schemes/stored-weight.ts';
import { createGramForm } from '../../statistics/gram-form.ts';
import type { InputStatistics } from '../../statistics/input-statistics.ts';
import type { WeightScheme } from '../../weight-scheme.ts';
import { applyAwqClip, searchAwqClip } from './awq-clip.ts';
import { type AwqCandidate, awqCandidates, meanRelativeWeights } from './awq-scales.ts';

/** The winner of the scale search. */
export interface AwqSearch extends AwqCandidate {
  /** Mean squared error of the outputs of all layers of the group, over tokens and outputs. */
  readonly error: number;
  /** Errors of all candidates, in order. */
  readonly history: readonly number[];
}

/** One layer of the group. */
export interface AwqLayer {
  /** Codes of W · s, clipped. */
  readonly stored: StoredWeight;
  /** Whether the range of its groups was searched. */
  readonly clipped: boolean;
}

/**
 * The best scales of layers that share their input: the first candidate with the least output error.
 * @param weights W [in, out] each, of the same `in`
 */
export function searchAwqScales(
  weights: readonly Matrix[],
  inputs: InputStatistics,
  scheme: WeightScheme,
  method: Pick<AwqMethod, 'gridPoints' | 'scaling' | 'neverWorse'>,
): AwqSearch {
  const rows = weights[0]!.rows;
  const form = createGramForm(inputs.gram, rows);
  const wMean =
    method.scaling === 'activations' || method.scaling === 'none'
      ? null
      : meanRelativeWeights(weights, groupRowsOf(scheme, rows));
  // Σ (X (Ŵ − W))² of each layer
  const errorsOf = (scales: Float32Array): number[] =>
    weights.map((weight) => {
      const { data, columns } = weight;
      const change = fakeQuantize({ ...weight, data: scaleRows(weight, scales) }, scheme);
      for (let r = 0, i = 0; r < rows; r++) {
        const inverse = 1 / scales[r]!;
        for (let j = 0; j < columns; j++, i++) change[i] = change[i]! * inverse - data[i]!;
      }
      return form.total(change, columns);
    });
  const candidates = awqCandidates(method, inputs.meanAbs, wMean);
  const errors = candidates.map(({ scales }) => errorsOf(scales));
  const outputs = weights.reduce((sum, { columns }) => sum + columns, 0);
  const history = errors.map((each) => each.reduce((a, b) => a + b) / (inputs.tokens * outputs));
  const rounded = method.neverWorse ? errorsOf(new Float32Array(rows).fill(1)) : [];
  const allowed = candidates.flatMap((_, i) =>
    rounded.every((most, l) => errors[i]![l]! <= most) ? [i] : [],
  );
  // without a candidate that helps every layer, the best for all together
  const from = allowed.length > 0 ? allowed : [...candidates.keys()];
  const winner = from.reduce((best, i) => (history[i]! < history[best]! ? i : best));
  return { ...candidates[winner]!, error: history[winner]!, history };
}

/**
 * Codes of one layer of the group under the scales that won.
 * @param name decides whether the clip search leaves the layer out, as the original does for query and key projections
 * @param largest see `encodeWeight`
 */
export function quantizeAwqLayer(
  name: string,
  weight: Matrix,
  inputs: InputStatistics,
  scales: Float32Array,
  scheme: WeightScheme,
  method: Pick<AwqMethod, 'clip'>,
  largest?: number,
): AwqLayer {
  let scaled: Matrix = { ...weight, data: scaleRows(weight, scales) };
  const clipped = method.clip === 'all' || (method.clip === 'notQueryOrKey' && !isQueryOrKey(name));
  if (clipped) {
    if (scheme.kind !== 'integer') throw new InternalError('the clip search needs integers');
    const clip = searchAwqClip(scaled, inputs, scales, scheme);
    scaled = { ...scaled, data: applyAwqClip(scaled, clip, groupRowsOf(scheme, weight.rows)) };
  }
  return { stored: encodeWeight(scaled, scheme, largest), clipped };
}

/** llm-awq auto_clip.py skips these names: the product q · k is too sensitive. The names of the last three path components are looked at. */
function isQueryOrKey(name: string): boolean {
  return /q_|k_|query|key|Wqkv/.test(name.split('.').slice(-3).join('.'));
}

/** Row j of W times s_j. */
export function scaleRows({ data, rows, columns }: Matrix, scales: Float32Array): Float32Array {
  const out = new Float32Array(data.length);
  for (let r = 0, i = 0; r < rows; r++) {
    for (let j = 0; j < columns; j++, i++) out[i] = data[i]! * scales[r]!;
  }
  return out;
}

function groupRowsOf(scheme: WeightScheme, rows: number): number {
  const size = scheme.kind === 'ggml' ? 32 : scheme.kind === 'float8' ? rows : scheme.groupSize;
  return Math.min(size ?? rows, rows);
}
