/** @file Quantization against noise: does the error of a recipe hurt more, or less, than random numbers of the same size in the same matrices? */
import { MODULE_ROLES, type QuantizedLinear, type Recipe } from '@bitcliff/quantize';
import { type Checkpoint, type QuantizedBlocks, readBlock, toMatrix } from '@bitcliff/runtime';
import { equalNormNoise } from '../arrays/noise.ts';
import { type CheckpointLabel, labelOf, taskOf, withKernels } from './analysis-options.ts';
import { type LossOptions, measureLoss, type VariantLoss } from './measure-loss.ts';
import { effectiveWeight, emptyRecipe, mapBlocks, openQuantized } from './quantized-view.ts';

/** What a perturbation of the weights costs. */
export interface NoiseRecord extends CheckpointLabel, Omit<VariantLoss, 'variant'> {
  /** Name of the recipe whose error the norm is taken from. */
  readonly recipe: string;
  /** The recipe's own error of the weights (activations stay in floating point), or noise of equal norm in every matrix. */
  readonly perturbation: 'quantization' | 'gaussian' | 'uniform';
  /** Of the noise; `null` for quantization. */
  readonly seed: number | null;
}

/** Options of {@link noiseControl}. */
export interface NoiseControlOptions extends LossOptions {
  readonly recipe: Recipe;
  /** @default [0] */
  readonly seeds?: readonly number[] | undefined;
}

/**
 * Compare a recipe with Gaussian and uniform noise of equal Frobenius norm, matrix by matrix.
 * @param sequences token ids, at least two each
 */
export async function noiseControl(
  checkpoint: Checkpoint,
  sequences: readonly ArrayLike<number>[],
  options: NoiseControlOptions,
): Promise<NoiseRecord[]> {
  const { recipe, seeds = [0] } = options;
  const controls = [
    { perturbation: 'quantization' as const, seed: null },
    ...(['gaussian', 'uniform'] as const).flatMap((perturbation) =>
      seeds.map((seed) => ({ perturbation, seed })),
    ),
  ];
  return withKernels(options, async (kernels) => {
    const own = { ...options, kernels };
    const blocks = await openQuantized(checkpoint, recipe, sequences, own, taskOf(options));
    const variants = controls.map((control) => ({
      recipe: emptyRecipe(
        `${recipe.name}, ${control.perturbation}${control.seed === null ? '' : `, seed ${control.seed}`}`,
      ),
      blocks: perturbed(blocks, checkpoint, control),
    }));
    const [, ...losses] = await measureLoss(checkpoint, variants, sequences, own);
    return losses.map(({ variant: _, ...loss }, i) => ({
      ...labelOf(checkpoint),
      recipe: recipe.name,
      ...controls[i]!,
      ...loss,
    }));
  });
}

/** Blocks in floating point, with the weights of a recipe or with noise as large as its error. */
function perturbed(
  blocks: QuantizedBlocks,
  checkpoint: Checkpoint,
  { perturbation, seed }: Pick<NoiseRecord, 'perturbation' | 'seed'>,
): QuantizedBlocks {
  return mapBlocks(blocks, async (block, layer) => {
    const { linears } = await readBlock(checkpoint, layer);
    return block.linears.map(({ place, quantized }) => {
      const index = linears.findIndex(({ module }) => module.place === place);
      const original = toMatrix(linears[index]!).data;
      let weight = effectiveWeight(quantized);
      if (perturbation !== 'quantization') {
        const norm = Math.sqrt(weight.reduce((sum, w, i) => sum + (w - original[i]!) ** 2, 0));
        // every matrix has noise of its own, whatever the recipe
        const own = seed! * 2 ** 20 + layer * 2 * MODULE_ROLES.length + index;
        const noise = equalNormNoise(weight.length, { distribution: perturbation, norm, seed: own });
        weight = original.map((w, i) => w + noise[i]!);
      }
      return { place, quantized: inFloat(quantized, weight) };
    });
  });
}

function inFloat({ name }: QuantizedLinear, weight: Float32Array): QuantizedLinear {
  return { name, linear: { kind: 'float', weight }, stored: null, inputScale: null, report: null };
}
