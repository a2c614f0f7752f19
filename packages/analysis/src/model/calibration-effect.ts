import { InvalidInputError } from '@bitcliff/core';
import type { QuantizedLinear, Recipe } from '@bitcliff/quantize';
import type { Checkpoint, QuantizedBlocks } from '@bitcliff/runtime';
import { describeValues } from '../arrays/describe-values.ts';
import { type CheckpointLabel, labelOf, partOf, taskOf, withKernels } from './analysis-options.ts';
import { type LossOptions, measureLoss, type VariantLoss } from './measure-loss.ts';
import { needsCalibration, openQuantized } from './quantized-view.ts';

/** One draw of calibration tokens. */
export interface CalibrationSet {
  /** What it is drawn from, such as `c4` or `random punctuation`. */
  readonly name: string;
  /** Of the draw. */
  readonly seed: number;
  readonly sequences: readonly ArrayLike<number>[];
}

/** What a recipe makes of a model with one calibration set. */
export interface CalibrationRecord extends CheckpointLabel {
  readonly recipe: string;
  readonly set: string;
  readonly seed: number;
  /** Nats per token of the evaluation sequences. */
  readonly nll: number;
  readonly perplexity: number;
  readonly kl: number;
  readonly score: number | null;
}

/** Smallest, largest, mean and standard deviation of a quantity. */
export interface Spread {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly std: number;
}

/** How much the calibration set matters. */
export interface CalibrationEffect {
  /** The unquantized model. */
  readonly baseline: VariantLoss;
  readonly records: readonly CalibrationRecord[];
  /** Over all sets and seeds. */
  readonly spread: { readonly perplexity: Spread; readonly score: Spread | null };
  /** Over the seeds of each set. */
  readonly withinSets: readonly {
    readonly set: string;
    readonly perplexity: Spread;
    readonly score: Spread | null;
  }[];
  /** For each pair of records, by their place in the list. */
  readonly overlap: readonly CalibrationOverlap[];
}

/** How alike two results of calibration are, over all linear layers. */
export interface CalibrationOverlap {
  readonly pair: readonly [number, number];
  /** Share of weights with the same code; `null` where codes are no integers. */
  readonly codes: number | null;
  /** Correlation of the logarithms of the input scales (AWQ, SmoothQuant), mean over layers where both vary; `null` without any. */
  readonly scales: number | null;
}

/** Options of {@link calibrationEffect}. */
export interface CalibrationEffectOptions extends Omit<LossOptions, 'calibration' | 'quantized'> {
  readonly recipe: Recipe;
  readonly sets: readonly CalibrationSet[];
  /** Where the quantized blocks of a set are kept. @default in memory, a model for each set */
  readonly blocks?: ((set: CalibrationSet) => QuantizedBlocks) | undefined;
}

/**
 * Quantize with every calibration set, and compare the results.
 * @param sequences for evaluation, token ids, at least two each
 * @throws {InvalidInputError} for no calibration set, and a recipe that needs none
 */
export async function calibrationEffect(
  checkpoint: Checkpoint,
  sequences: readonly ArrayLike<number>[],
  options: CalibrationEffectOptions,
): Promise<CalibrationEffect> {
  const { recipe, sets, blocks: _, ...rest } = options;
  checkOptions(checkpoint, options);
  let baseline: VariantLoss | undefined;
  const records: CalibrationRecord[] = [];
  const made: QuantizedBlocks[] = [];
  await withKernels(options, async (kernels) => {
    for (const [s, set] of sets.entries()) {
      const task = partOf(options, s, sets.length);
      const own = { ...rest, ...task, kernels, calibration: set.sequences, blocks: options.blocks?.(set) };
      const blocks = await openQuantized(checkpoint, recipe, set.sequences, own, taskOf(task));
      made.push(blocks);
      const [base, variant] = await measureLoss(checkpoint, [{ recipe, blocks }], sequences, own);
      baseline ??= base;
      const { nll, kl, score } = variant!;
      const { name, seed } = set;
      records.push({
        ...labelOf(checkpoint),
        recipe: recipe.name,
        set: name,
        seed,
        nll,
        perplexity: Math.exp(nll),
        kl,
        score,
      });
    }
  });
  const names = [...new Set(sets.map(({ name }) => name))];
  const withinSets = names.map((set) => ({
    set,
    ...spreadsOf(records.filter((record) => record.set === set)),
  }));
  const overlap: CalibrationOverlap[] = [];
  for (const [i, a] of made.entries()) {
    for (const [j, b] of made.entries()) {
      if (j > i) overlap.push({ pair: [i, j], ...(await compare(a, b, checkpoint.spec.layers)) });
    }
  }
  return { baseline: baseline!, records, spread: spreadsOf(records), withinSets, overlap };
}

function checkOptions(checkpoint: Checkpoint, { recipe, sets }: CalibrationEffectOptions): void {
  const op = 'calibrationEffect';
  if (sets.length === 0)
    throw new InvalidInputError({ op, problem: 'no calibration set', expected: 'at least one' });
  if (needsCalibration(checkpoint, recipe)) return;
  throw new InvalidInputError({
    op,
    problem: `recipe "${recipe.name}" needs no calibration`,
    expected: 'a method that looks at activations, such as awq, gptq or smoothquant',
  });
}

function spreadsOf(records: readonly CalibrationRecord[]): CalibrationEffect['spread'] {
  const spread = (values: readonly number[]): Spread => {
    const { min, max, mean, std } = describeValues(values);
    return { min, max, mean, std };
  };
  const scores = records.flatMap(({ score }) => score ?? []);
  return {
    perplexity: spread(records.map(({ perplexity }) => perplexity)),
    score: scores.length === 0 ? null : spread(scores),
  };
}

async function compare(
  a: QuantizedBlocks,
  b: QuantizedBlocks,
  layers: number,
): Promise<Pick<CalibrationOverlap, 'codes' | 'scales'>> {
  let [same, weights] = [0, 0];
  const correlations: number[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const [one, two] = [await a.read(layer), await b.read(layer)];
    for (const { place, quantized } of one?.linears ?? []) {
      const other = two!.linears.find((linear) => linear.place === place)!.quantized;
      const [left, right] = [codesOf(quantized), codesOf(other)];
      if (left !== null && right !== null) {
        weights += left.length;
        for (let i = 0; i < left.length; i++) if (left[i] === right[i]) same++;
      }
      if (quantized.inputScale === null || other.inputScale === null) continue;
      const correlation = logCorrelation(quantized.inputScale, other.inputScale);
      if (correlation !== null) correlations.push(correlation);
    }
  }
  return {
    codes: weights === 0 ? null : same / weights,
    scales: correlations.length === 0 ? null : correlations.reduce((x, y) => x + y, 0) / correlations.length,
  };
}

const codesOf = ({ stored }: QuantizedLinear): Uint8Array | null =>
  stored?.kind === 'integer' ? stored.matrix.codes : null;

function logCorrelation(a: Float32Array, b: Float32Array): number | null {
  const [x, y] = [Float64Array.from(a, Math.log), Float64Array.from(b, Math.log)];
  const [dx, dy] = [describeValues(x), describeValues(y)];
  if (dx.std === 0 || dy.std === 0) return null;
  const covariance = x.reduce((sum, value, i) => sum + (value - dx.mean) * (y[i]! - dy.mean), 0) / x.length;
  return covariance / (dx.std * dy.std);
}
