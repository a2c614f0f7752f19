import { averageBits, policyFor, type Recipe } from '@bitcliff/quantize';
import type { Checkpoint } from '@bitcliff/runtime';
import { type DegradationPoint, fitScalingLaw, type LawFit } from '../laws/scaling-laws.ts';
import { type CheckpointLabel, labelOf, partOf, taskOf, withKernels } from './analysis-options.ts';
import { type LossOptions, measureLoss, type VariantLoss } from './measure-loss.ts';
import { linearShapes } from './mixed-precision.ts';
import { openQuantized } from './quantized-view.ts';

/** One point of a curve over training: a variant of a checkpoint. */
export interface QidRecord extends CheckpointLabel, VariantLoss {
  /** Seen in training; `null` where the checkpoint does not say, as is the learning rate. */
  readonly tokens: number | null;
  readonly learningRate: number | null;
  /** Without embeddings, positions and head. */
  readonly parameters: number;
  /** Of a quantized weight, without scales: P of the laws; `null` for the baseline, and where layers differ. */
  readonly bits: number | null;
  /** As stored, with scales and zero points; `null` for the baseline. */
  readonly averageBits: number | null;
  /** nll / nll of the baseline − 1: the relative cross-entropy of arXiv 2510.06213. */
  readonly relativeNll: number;
}

/** Options of {@link qidCurves}. */
export interface QidOptions extends LossOptions {
  readonly recipes: readonly Recipe[];
}

/**
 * Quantization-induced degradation over the checkpoints of one training run, or several.
 * @param checkpoints with one tokenizer, in the order of the curve
 * @param sequences token ids, at least two each
 * @returns by checkpoint, the baseline first
 */
export async function qidCurves(
  checkpoints: readonly Checkpoint[],
  sequences: readonly ArrayLike<number>[],
  options: QidOptions,
): Promise<QidRecord[]> {
  const { recipes } = options;
  const records: QidRecord[] = [];
  await withKernels(options, async (kernels) => {
    for (const [c, checkpoint] of checkpoints.entries()) {
      const task = partOf(options, c, checkpoints.length);
      const own = { ...options, ...task, kernels };
      const variants = [];
      for (const recipe of recipes) {
        variants.push({
          recipe,
          blocks: await openQuantized(checkpoint, recipe, sequences, own, taskOf(task)),
        });
      }
      const shapes = linearShapes(checkpoint);
      const losses = await measureLoss(checkpoint, variants, sequences, own);
      for (const [v, loss] of losses.entries()) {
        const recipe = recipes[v - 1];
        records.push({
          ...labelOf(checkpoint),
          tokens: checkpoint.metadata.tokens ?? null,
          learningRate: checkpoint.metadata.learningRate ?? null,
          parameters: nonEmbeddingParameters(checkpoint),
          bits: recipe === undefined ? null : commonBits(checkpoint, recipe),
          averageBits: recipe === undefined ? null : averageBits(recipe, shapes),
          ...loss,
          relativeNll: loss.nll / losses[0]!.nll - 1,
        });
      }
    }
  });
  return records;
}

/** A record as a point of a law, with its name. */
export interface QidPoint extends DegradationPoint, CheckpointLabel {
  readonly variant: string;
}

/** The laws fitted to curves. */
export interface QidFit {
  /** What was fitted; `residuals` of the fits refer to their places. */
  readonly points: readonly QidPoint[];
  readonly fits: readonly LawFit[];
}

/**
 * Fit both laws to the records that have bits and tokens; see {@link fitScalingLaw}.
 * @throws {InvalidInputError} for too few points with ΔL > 0, or quantities that vary together
 */
export function fitQidCurves(records: readonly QidRecord[]): QidFit {
  const points = records.flatMap(({ tokens, bits, deltaNll: deltaLoss, ...record }): QidPoint[] => {
    if (tokens === null || bits === null) return [];
    const { checkpoint, step, variant, parameters, learningRate } = record;
    return [{ checkpoint, step, variant, tokens, bits, parameters, learningRate, deltaLoss }];
  });
  return { points, fits: [fitScalingLaw('ouyang', points), fitScalingLaw('kumar', points)] };
}

/** N of the laws: linear layers with their biases, and norms. */
export function nonEmbeddingParameters({ layout, spec, tensors }: Checkpoint): number {
  const names = new Set<string | null>([layout.finalNorm?.gain ?? null, layout.finalNorm?.bias ?? null]);
  for (let layer = 0; layer < spec.layers; layer++) {
    const { attentionNorm, mlpNorm, qNorm, kNorm, linears } = layout.block(layer);
    for (const { weight, bias } of linears) for (const name of [weight, bias]) names.add(name);
    for (const name of [attentionNorm.gain, attentionNorm.bias, mlpNorm?.gain, mlpNorm?.bias, qNorm, kNorm])
      names.add(name ?? null);
  }
  let count = 0;
  for (const name of names) if (name !== null) count += tensors.info(name).shape.reduce((a, b) => a * b, 1);
  return count;
}

/** Bits that all quantized layers share. */
function commonBits({ layout, spec }: Checkpoint, recipe: Recipe): number | null {
  const bits = new Set<number | null>();
  for (let layer = 0; layer < spec.layers; layer++) {
    for (const { weight: name, role } of layout.block(layer).linears)
      bits.add(policyFor(recipe, { name, role, layer, layers: spec.layers })?.weights.bits ?? null);
  }
  return bits.size === 1 ? [...bits][0]! : null;
}
