/**
 * @file What each part of a model loses when it alone is quantized, measured on text, beside two cheap proxies that need no run of the quantized model: the error of a
 * matrix' outputs if its inputs were uncorrelated, ‖D‖² · E[x²], and with their correlations, tr(Dᵀ G D) / tokens; D is the change of the
 * weights, G = Xᵀ X. Both are sums over the target's outputs, per token.
 */
import { InvalidInputError } from '@bitcliff/core';
import { MODULE_ROLES, type ModuleRole, policyFor, type Recipe, storageBits } from '@bitcliff/quantize';
import {
  type Checkpoint,
  createEngine,
  type LayerReport,
  type QuantizedBlocks,
  quantizeModel,
} from '@bitcliff/runtime';
import { rankCorrelation } from '../arrays/rank-correlation.ts';
import { type CheckpointLabel, labelOf, partOf, taskOf, withKernels } from './analysis-options.ts';
import { type LossOptions, measureLoss, type VariantLoss } from './measure-loss.ts';
import {
  emptyRecipe,
  needsCalibration,
  openQuantized,
  quantizeOptions,
  restrictTo,
  type Target,
} from './quantized-view.ts';

/** Which parts are quantized alone: a role in all layers, all roles of a layer, or a role of a layer (q, k and v, or gate and up, together). */
export type SensitivityUnit = 'role' | 'layer' | 'matrix';

/** What quantizing one part does. */
export interface SensitivityRecord extends CheckpointLabel, Omit<VariantLoss, 'variant'>, Target {
  /** Name of the recipe that the part is quantized by. */
  readonly recipe: string;
  /** Of a weight of the part, without scales; `null` where its layers differ, or are in floating point. */
  readonly bits: number | null;
  /** Of the whole part as stored, with scales and zero points. */
  readonly storedBits: number;
  readonly proxies: {
    /** Σ ‖D‖² · E[x²]. */
    readonly weight: number;
    /** Σ tr(Dᵀ G D) / tokens. */
    readonly gram: number;
  };
}

/** How well the proxies of one recipe order its parts: Spearman's rank correlation with what was measured; `null` where one side does not vary. */
export interface ProxyCorrelation {
  readonly recipe: string;
  readonly weightNll: number | null;
  readonly gramNll: number | null;
  readonly weightKl: number | null;
  readonly gramKl: number | null;
}

/** Options of {@link sensitivity}. */
export interface SensitivityOptions extends LossOptions {
  /** Each is tried on every part. Weights alone are compared by the proxies, not the rounding of activations. */
  readonly recipes: readonly Recipe[];
  /** @default 'matrix' */
  readonly by?: SensitivityUnit | undefined;
}

/** What {@link sensitivity} found. */
export interface SensitivityAnalysis {
  /** Of the unquantized model: nats per token, and the task score. */
  readonly baseline: Pick<VariantLoss, 'nll' | 'score'>;
  /** By recipe, then part. */
  readonly records: readonly SensitivityRecord[];
  readonly correlations: readonly ProxyCorrelation[];
}

/** The parts of a model. */
export function sensitivityTargets({ spec }: Checkpoint, by: SensitivityUnit): Target[] {
  const layers = Array.from({ length: spec.layers }, (_, layer) => layer);
  if (by === 'role') return MODULE_ROLES.map((role) => ({ layer: null, role }));
  if (by === 'layer') return layers.map((layer) => ({ layer, role: null }));
  return layers.flatMap((layer) => MODULE_ROLES.map((role) => ({ layer, role })));
}

/**
 * Quantize each part alone and measure what it costs.
 * @param sequences token ids, at least two each; also the inputs of the proxies
 */
export async function sensitivity(
  checkpoint: Checkpoint,
  sequences: readonly ArrayLike<number>[],
  options: SensitivityOptions,
): Promise<SensitivityAnalysis> {
  const { recipes, by = 'matrix' } = options;
  const targets = sensitivityTargets(checkpoint, by);
  const label = labelOf(checkpoint);
  const records: SensitivityRecord[] = [];
  let baseline: SensitivityAnalysis['baseline'] = { nll: Number.NaN, score: null };
  await withKernels(options, async (kernels) => {
    const squares = await meanSquares(checkpoint, sequences, { ...options, kernels });
    for (const [r, recipe] of recipes.entries()) {
      const task = partOf(options, r, recipes.length);
      const own = { ...options, kernels };
      const blocks = await openQuantized(checkpoint, recipe, sequences, own, taskOf(task));
      const reports = await proxyReports(checkpoint, recipe, blocks, sequences, own);
      const variants = targets.map((target) => ({
        recipe: emptyRecipe(nameOf(recipe, target)),
        blocks: restrictTo(blocks, checkpoint, target),
      }));
      const [base, ...losses] = await measureLoss(checkpoint, variants, sequences, { ...own, ...task });
      baseline = { nll: base!.nll, score: base!.score };
      for (const [t, target] of targets.entries()) {
        const { variant: _, ...loss } = losses[t]!;
        const proxies = { weight: 0, gram: 0 };
        for (const { layer, role, shape, weight, output } of reports) {
          if (!isIn(target, layer, role)) continue;
          proxies.weight += weight.mse * shape[0] * shape[1] * squares.get(`${layer} ${role}`)!;
          proxies.gram += output!.mse * shape[1];
        }
        records.push({
          ...label,
          recipe: recipe.name,
          ...target,
          ...bitsOf(checkpoint, recipe, target),
          ...loss,
          proxies,
        });
      }
    }
  });
  const correlations = recipes.map(({ name }) =>
    correlate(
      name,
      records.filter(({ recipe }) => recipe === name),
    ),
  );
  return { baseline, records, correlations };
}

function nameOf({ name }: Recipe, { layer, role }: Target): string {
  return [name, layer === null ? [] : `layer ${layer}`, role ?? []].flat().join(', ');
}

const isIn = (target: Target, layer: number, role: ModuleRole): boolean =>
  (target.layer === null || target.layer === layer) && (target.role === null || target.role === role);

/** Bits of a target under a recipe. */
export function bitsOf(
  { spec, layout }: Checkpoint,
  recipe: Recipe,
  target: Target,
): Pick<SensitivityRecord, 'bits' | 'storedBits'> {
  const bits = new Set<number | null>();
  let storedBits = 0;
  for (let layer = 0; layer < spec.layers; layer++) {
    for (const { weight: name, role, inFeatures: rows, outFeatures: columns } of layout.block(layer)
      .linears) {
      if (!isIn(target, layer, role)) continue;
      const policy = policyFor(recipe, { name, role, layer, layers: spec.layers });
      bits.add(policy?.weights.bits ?? null);
      storedBits += storageBits(policy, { rows, columns });
    }
  }
  return { bits: bits.size === 1 ? [...bits][0]! : null, storedBits };
}

/** E[x²] of the input of each role in each layer of the baseline. */
async function meanSquares(
  checkpoint: Checkpoint,
  sequences: readonly ArrayLike<number>[],
  options: LossOptions,
): Promise<Map<string, number>> {
  const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
  const squares = new Map<string, number>();
  const engine = await createEngine(checkpoint, { ...options, recipes: [] });
  try {
    await engine.trace(
      sequences.map((sequence) => Array.from(sequence)),
      {
        ...taskOf(options),
        channels: false,
        tokens: false,
        onValues({ layer, point, data, tokens: T, features }) {
          const key = `${layer} ${point.slice(0, -'.input'.length)}`;
          const x = data.subarray(0, T * features);
          const sum = x.reduce((total, value) => total + value * value, 0);
          squares.set(key, (squares.get(key) ?? 0) + sum / (tokens * features));
        },
      },
    );
  } finally {
    await engine.dispose();
  }
  return squares;
}

/**
 * Errors of every linear layer: on the calibration tokens where blocks were made with some, otherwise on the sequences, for which the same codes are made again.
 */
async function proxyReports(
  checkpoint: Checkpoint,
  recipe: Recipe,
  blocks: QuantizedBlocks,
  sequences: readonly ArrayLike<number>[],
  options: LossOptions,
): Promise<readonly LayerReport[]> {
  if (options.quantized?.has(recipe.name) || needsCalibration(checkpoint, recipe)) {
    return keptReports(checkpoint, recipe, blocks);
  }
  const { reports } = await quantizeModel(checkpoint, recipe, {
    ...taskOf(options),
    ...quantizeOptions(options),
    blocks: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
    sequences,
  });
  return reports;
}

/** The reports that blocks were made with. */
async function keptReports(
  { spec, layout, path }: Checkpoint,
  recipe: Recipe,
  blocks: QuantizedBlocks,
): Promise<LayerReport[]> {
  const reports: LayerReport[] = [];
  for (let layer = 0; layer < spec.layers; layer++) {
    for (const { place, quantized } of (await blocks.read(layer))?.linears ?? []) {
      const { role } = layout.block(layer).linears.find((linear) => linear.place === place)!;
      const { report } = quantized;
      if (!report?.output) {
        throw new InvalidInputError({
          op: 'sensitivity',
          problem: `blocks of recipe "${recipe.name}" without output errors`,
          expected: 'blocks that quantizeModel made with sequences',
          where: `block ${layer}, ${place}`,
          path,
        });
      }
      reports.push({ ...report, layer, role, place });
    }
  }
  return reports;
}

function correlate(recipe: string, records: readonly SensitivityRecord[]): ProxyCorrelation {
  const of = (proxy: 'weight' | 'gram', measured: 'deltaNll' | 'kl'): number | null =>
    rankCorrelation(
      records.map(({ proxies }) => proxies[proxy]),
      records.map((record) => record[measured]),
    );
  return {
    recipe,
    weightNll: of('weight', 'deltaNll'),
    gramNll: of('gram', 'deltaNll'),
    weightKl: of('weight', 'kl'),
    gramKl: of('gram', 'kl'),
  };
}
