/**
 * @file What goes into the linear layers on given text, and its outlier dimensions, in one pass. Means, maxima, deviations and INT8 errors are reduced inside the
 * graphs, in float32; histograms, counts and massive activations are taken from the values as they come out.
 */
import type { ModuleRole, Recipe } from '@bitcliff/quantize';
import {
  type Checkpoint,
  createEngine,
  type Engine,
  type TapPoint,
  type TapRecord,
  type TapValues,
} from '@bitcliff/runtime';
import {
  countAboveEdge,
  createMagnitudeCounter,
  isMagnitudeEdge,
  type MagnitudeCounter,
  type MagnitudeHistogram,
} from '../arrays/magnitude-histogram.ts';
import {
  LEAST_MASSIVE,
  type MassiveActivation,
  type MassiveOptions,
  massiveActivations,
} from '../arrays/massive-activations.ts';
import { createOutlierCollector } from '../outliers/outlier-collector.ts';
import { type CheckpointLabel, labelOf } from './analysis-options.ts';
import {
  type FindOutlierOptions,
  type OutlierRecord,
  outlierRecords,
  outlierRules,
} from './outlier-analysis.ts';

/** What one tap saw in one variant, over all sequences. */
export interface ActivationRecord extends CheckpointLabel {
  readonly variant: string;
  /** 0-based. */
  readonly layer: number;
  readonly role: ModuleRole;
  readonly side: 'input' | 'output';
  readonly tokens: number;
  readonly features: number;
  readonly meanAbs: number;
  readonly meanSquare: number;
  readonly absMax: number;
  /** max |a| of each feature. */
  readonly channelMax: readonly number[];
  /** Values with |a| > threshold. */
  readonly above: readonly { readonly threshold: number; readonly count: number }[];
  readonly histogram: MagnitudeHistogram;
  /** Mean over tokens of the standard deviation over features. */
  readonly meanTokenStd: number;
  /** √ mean (X − X̂)², X̂ the vector-wise INT8 round trip, a scale per token. */
  readonly int8Rmse: number;
  /** The largest first, at most 64. */
  readonly massive: readonly (MassiveActivation & { readonly sequence: number })[];
}

/** Options of {@link analyzeActivations}. */
export interface AnalyzeActivationsOptions extends FindOutlierOptions {
  /** Variants beside the baseline. @default none */
  readonly recipes?: readonly Recipe[] | undefined;
  /** @default the inputs of all roles */
  readonly points?: readonly TapPoint[] | undefined;
  /** Magnitudes to count above, ascending. @default [1, 6] */
  readonly thresholds?: readonly number[] | undefined;
  readonly massive?: MassiveOptions | undefined;
}

/** What {@link analyzeActivations} found. */
export interface ActivationAnalysis {
  /** By layer, then role and side, then variant. */
  readonly activations: readonly ActivationRecord[];
  /** By variant; threshold, then z-score. Empty when the input that it looks at is not among the points. */
  readonly outliers: readonly OutlierRecord[];
}

const INPUTS: readonly TapPoint[] = ['attn.qkv.input', 'attn.out.input', 'mlp.up.input', 'mlp.down.input'];
const MOST_MASSIVE = 64;

/**
 * Describe activations on text.
 * @param sequences token ids, at least two each; each is one sample of the outlier rules
 * @throws {InvalidInputError} for a recipe that needs calibration and is not in `quantized`, or a token id outside the vocabulary
 */
export async function analyzeActivations(
  checkpoint: Checkpoint,
  sequences: readonly ArrayLike<number>[],
  options: AnalyzeActivationsOptions,
): Promise<ActivationAnalysis> {
  const { points = INPUTS, thresholds = [1, 6], role = 'attn.qkv', recipes = [] } = options;
  const rules = outlierRules(options);
  const outlierPoint: TapPoint = `${role}.input`;
  const collectors = rules.map((rule) => createOutlierCollector(checkpoint.spec.layers, rule));
  const values = new Map<string, ValueSums>();
  const heldByCaller = outlierBytes(checkpoint, sequences) * rules.length * (1 + recipes.length);
  const engine = await createEngine(checkpoint, { ...options, recipes, heldByCaller });
  try {
    const records = await trace(engine, sequences, { ...options, points }, (tap) => {
      const key = `${tap.variant} ${tap.layer} ${tap.point}`;
      const sums = values.get(key) ?? createValueSums(thresholds, options.massive);
      values.set(key, sums);
      sums.take(tap);
      if (tap.point === outlierPoint) for (const collector of collectors) collector.take(tap);
    });
    const label = labelOf(checkpoint);
    const activations = records.map((record) =>
      toRecord(label, record, values.get(`${record.variant} ${record.layer} ${record.point}`)!, thresholds),
    );
    const outliers = points.includes(outlierPoint)
      ? engine.variants.flatMap((variant) => outlierRecords(checkpoint, variant, collectors, options))
      : [];
    return { activations, outliers };
  } finally {
    await engine.dispose();
  }
}

/** What the counters of all sequences hold for one rule: a byte a value, and a count for each layer and feature. */
function outlierBytes({ spec }: Checkpoint, sequences: readonly ArrayLike<number>[]): number {
  const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
  return spec.hiddenSize * (tokens + 4 * spec.layers * sequences.length);
}

function trace(
  engine: Engine,
  sequences: readonly ArrayLike<number>[],
  { signal, onProgress, points }: AnalyzeActivationsOptions,
  onValues: (values: TapValues) => void,
): Promise<TapRecord[]> {
  const ids = sequences.map((sequence) => Array.from(sequence));
  return engine.trace(ids, { signal, onProgress, points, difference: false, onValues });
}

/** Sums over the values of one tap in one variant. */
interface ValueSums {
  /** For thresholds that are no edges of the histogram. */
  readonly above: number[];
  readonly massive: (MassiveActivation & { readonly sequence: number })[];
  readonly magnitudes: MagnitudeCounter;
  take(values: TapValues): void;
}

function createValueSums(
  thresholds: readonly number[],
  massiveOptions: MassiveOptions | undefined,
): ValueSums {
  const sums: ValueSums = {
    above: thresholds.map(() => 0),
    massive: [],
    magnitudes: createMagnitudeCounter(),
    take({ data, sequence, tokens, features }) {
      const x = data.subarray(0, tokens * features);
      sums.magnitudes.add(x);
      for (const [k, threshold] of thresholds.entries()) {
        if (!isMagnitudeEdge(threshold)) sums.above[k]! += countAbove(x, threshold);
      }
      if (!sums.magnitudes.reaches(massiveOptions?.least ?? LEAST_MASSIVE)) return;
      const found = massiveActivations(x, features, massiveOptions);
      sums.massive.push(...found.map((activation) => ({ sequence, ...activation })));
      sums.massive.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).splice(MOST_MASSIVE);
    },
  };
  return sums;
}

function countAbove(x: Float32Array, threshold: number): number {
  let count = 0;
  for (let i = 0; i < x.length; i++) if (Math.abs(x[i]!) > threshold) count++;
  return count;
}

function toRecord(
  label: CheckpointLabel,
  { variant, layer, point, tokens, features, channels, perToken }: TapRecord,
  sums: ValueSums,
  thresholds: readonly number[],
): ActivationRecord {
  const { absMax, meanAbs } = channels!;
  const { mean, std, int8Error } = perToken!;
  const histogram = sums.magnitudes.finish();
  const at = point.lastIndexOf('.');
  return {
    ...label,
    variant,
    layer,
    role: point.slice(0, at) as ModuleRole,
    side: point.slice(at + 1) as ActivationRecord['side'],
    tokens,
    features,
    meanAbs: meanAbs.reduce((a, b) => a + b, 0) / features,
    meanSquare: std.reduce((sum, s, t) => sum + s * s + mean[t]! * mean[t]!, 0) / tokens,
    absMax: absMax.reduce((a, b) => Math.max(a, b), 0),
    channelMax: Array.from(absMax),
    above: thresholds.map((threshold, k) => ({
      threshold,
      count: isMagnitudeEdge(threshold) ? countAboveEdge(histogram, threshold) : sums.above[k]!,
    })),
    histogram,
    meanTokenStd: std.reduce((a, b) => a + b, 0) / tokens,
    int8Rmse: Math.sqrt(int8Error.reduce((sum, error) => sum + error * error, 0) / tokens),
    massive: sums.massive,
  };
}
