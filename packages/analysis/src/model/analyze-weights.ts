/** @file Weights and norm gains of every layer, before and after quantization, as records. One block is in memory at a time. */
import type { LongTaskOptions } from '@bitcliff/core';
import type { Kernels, Matrix } from '@bitcliff/kernels';
import { MODULE_ROLES, type ModuleRole, type Recipe } from '@bitcliff/quantize';
import {
  BASELINE,
  type BlockWeights,
  type Checkpoint,
  type FloatLinear,
  type QuantizedBlock,
  type QuantizedBlocks,
  readBlock,
  toMatrix,
} from '@bitcliff/runtime';
import { describeValues, type ValueDescription } from '../arrays/describe-values.ts';
import { type GainStatistics, gainStatistics } from '../arrays/gain-statistics.ts';
import { type Histogram, type HistogramBins, histogram, sharedBins } from '../arrays/histogram.ts';
import { type SpectralNorm, spectralNorm } from '../arrays/spectral-norm.ts';
import { type CheckpointLabel, labelOf, withKernels } from './analysis-options.ts';
import { effectiveWeight, quantizeAsRead } from './quantized-view.ts';

/** The weights of one role in one layer: q, k and v, or gate and up, side by side. */
export interface WeightRecord extends CheckpointLabel {
  /** `baseline` or the name of a recipe. */
  readonly variant: string;
  /** 0-based. */
  readonly layer: number;
  readonly role: ModuleRole;
  /** Inputs and outputs. */
  readonly shape: readonly [number, number];
  readonly values: ValueDescription;
  /** All variants of a layer and role have the bins of the baseline. */
  readonly histogram: Histogram;
  readonly spectral: SpectralNorm;
  /** Against the baseline; `null` for it. */
  readonly error: WeightError | null;
}

/** How far quantized weights are from the original ones. */
export interface WeightError {
  /** Mean squared difference. */
  readonly mse: number;
  /** Frobenius norm of the difference over that of the weights; `null` for weights of zero. */
  readonly relative: number | null;
}

/** The gain of one norm. */
export interface GainRecord extends CheckpointLabel, GainStatistics {
  /** 0-based. */
  readonly layer: number;
  readonly norm: 'attention' | 'mlp';
  /** `null` for a norm without a gain. */
  readonly histogram: Histogram | null;
}

/** Options of {@link analyzeWeights}. */
export interface AnalyzeWeightsOptions extends LongTaskOptions {
  /** Variants beside the baseline. @default none */
  readonly recipes?: readonly Recipe[] | undefined;
  /** What calibration made of the recipes that need some, by name. @default none */
  readonly quantized?: ReadonlyMap<string, QuantizedBlocks> | undefined;
  readonly kernels?: Kernels;
  /** Fixed bins, or a number of bins from the smallest to the largest weight of the baseline. @default 64 */
  readonly bins?: HistogramBins | number | undefined;
}

/** What {@link analyzeWeights} found. */
export interface WeightAnalysis {
  /** By layer, role, variant. */
  readonly weights: readonly WeightRecord[];
  /** By layer; the norm of the attention first. */
  readonly gains: readonly GainRecord[];
}

/**
 * Describe the weights and norm gains of a checkpoint, and what recipes make of them.
 * @throws {InvalidInputError} for a recipe that needs calibration and is not in `quantized`
 */
export async function analyzeWeights(
  checkpoint: Checkpoint,
  options: AnalyzeWeightsOptions = {},
): Promise<WeightAnalysis> {
  const { recipes = [], quantized = new Map<string, QuantizedBlocks>(), bins = 64 } = options;
  const { layers } = checkpoint.spec;
  const label = labelOf(checkpoint);
  return withKernels(options.kernels === undefined ? {} : { kernels: options.kernels }, async (kernels) => {
    const weights: WeightRecord[] = [];
    const gains: GainRecord[] = [];
    const opened = recipes.map(
      (recipe) =>
        [recipe.name, quantized.get(recipe.name) ?? quantizeAsRead(checkpoint, recipe, kernels)] as const,
    );
    for (let layer = 0; layer < layers; layer++) {
      options.signal?.throwIfAborted();
      options.onProgress?.({ phase: 'weights', done: layer, total: layers, unit: 'blocks' });
      const block = await readBlock(checkpoint, layer);
      gains.push(...gainRecords(block, { ...label, layer }, bins));
      for (const role of MODULE_ROLES) {
        const linears = block.linears.filter(({ module }) => module.role === role);
        const original = joinColumns(linears.map(toMatrix));
        const variants: [string, Matrix][] = [[BASELINE, original]];
        for (const [name, blocks] of opened) {
          const matrix = quantizedRole(await blocks.read(layer), linears);
          if (matrix !== null) variants.push([name, matrix]);
        }
        const shared = typeof bins === 'number' ? sharedBins([original.data], bins) : bins;
        for (const [variant, matrix] of variants) {
          weights.push({
            ...label,
            variant,
            layer,
            role,
            shape: [matrix.rows, matrix.columns],
            values: describeValues(matrix.data),
            histogram: histogram(matrix.data, shared),
            spectral: spectralNorm(matrix),
            error: variant === BASELINE ? null : weightError(original.data, matrix.data),
          });
        }
      }
    }
    options.onProgress?.({ phase: 'weights', done: layers, total: layers, unit: 'blocks' });
    return { weights, gains };
  });
}

/** The weights of a role under a recipe; `null` when it leaves all of them as they are. */
function quantizedRole(block: QuantizedBlock | undefined, linears: readonly FloatLinear[]): Matrix | null {
  const made = linears.map(({ module }) => block?.linears.find(({ place }) => place === module.place));
  if (made.every((found) => found === undefined)) return null;
  return joinColumns(
    linears.map((linear, i) => {
      const { inFeatures: rows, outFeatures: columns } = linear.module;
      const found = made[i];
      return found === undefined
        ? toMatrix(linear)
        : { data: effectiveWeight(found.quantized), rows, columns };
    }),
  );
}

/** Matrices with equal rows, side by side. */
function joinColumns(parts: readonly Matrix[]): Matrix {
  if (parts.length === 1) return parts[0]!;
  const { rows } = parts[0]!;
  const columns = parts.reduce((sum, part) => sum + part.columns, 0);
  const data = new Float32Array(rows * columns);
  let start = 0;
  for (const { data: from, columns: width } of parts) {
    for (let r = 0; r < rows; r++) data.set(from.subarray(r * width, (r + 1) * width), r * columns + start);
    start += width;
  }
  return { data, rows, columns };
}

function weightError(original: Float32Array, quantized: Float32Array): WeightError {
  let [difference, size] = [0, 0];
  for (let i = 0; i < original.length; i++) {
    difference += (original[i]! - quantized[i]!) ** 2;
    size += original[i]! ** 2;
  }
  return { mse: difference / original.length, relative: size === 0 ? null : Math.sqrt(difference / size) };
}

function gainRecords(
  { norms }: BlockWeights,
  place: CheckpointLabel & { readonly layer: number },
  bins: HistogramBins | number,
): GainRecord[] {
  const found = [
    ['attention', norms.attention] as const,
    ...(norms.mlp ? [['mlp', norms.mlp] as const] : []),
  ];
  return found.map(([norm, { gain }]) => ({
    ...place,
    norm,
    ...gainStatistics(gain),
    histogram: gain && histogram(gain, typeof bins === 'number' ? sharedBins([gain], bins) : bins),
  }));
}
