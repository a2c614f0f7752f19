import { MODULE_ROLES, type ModuleRole, type Recipe } from '@bitcliff/quantize';
import { type Checkpoint, createEngine, type TapPoint } from '@bitcliff/runtime';
import {
  type AnalysisOptions,
  type CheckpointLabel,
  labelOf,
  partOf,
  taskOf,
  withKernels,
} from './analysis-options.ts';
import { emptyRecipe, openQuantized, quantizeAsReadBytes, restrictTo } from './quantized-view.ts';

/** How far the outputs of one role in one layer of a variant are from the baseline's, over all tokens. */
export interface ActivationErrorRecord extends CheckpointLabel {
  /** Name of the recipe. */
  readonly variant: string;
  /** 0-based. */
  readonly layer: number;
  readonly role: ModuleRole;
  /**
   * - `propagated`: the whole variant runs beside the baseline, and errors add up
   * - `local`: this role alone is quantized in this layer, and gets the baseline's input
   */
  readonly kind: 'propagated' | 'local';
  /** ‖Y − Y_variant‖, Frobenius. */
  readonly norm: number;
  /** ‖Y‖. */
  readonly baselineNorm: number;
  /** norm / baselineNorm; `null` when that is 0. */
  readonly relative: number | null;
}

/** Options of {@link activationError}. */
export interface ActivationErrorOptions extends AnalysisOptions {
  readonly recipes: readonly Recipe[];
}

const OUTPUTS: readonly TapPoint[] = MODULE_ROLES.map((role): TapPoint => `${role}.output`);

/**
 * The error of activations by layer and role, propagated and local. For the local one the four roles run as variants of their own, each on the
 * baseline's hidden states.
 * @param sequences token ids, at least two each
 * @returns by recipe, then kind, layer, role
 */
export async function activationError(
  checkpoint: Checkpoint,
  sequences: readonly ArrayLike<number>[],
  options: ActivationErrorOptions,
): Promise<ActivationErrorRecord[]> {
  const ids = sequences.map((sequence) => Array.from(sequence));
  const records: ActivationErrorRecord[] = [];
  const label = labelOf(checkpoint);
  await withKernels(options, async (kernels) => {
    for (const [r, recipe] of options.recipes.entries()) {
      const task = partOf(options, r, options.recipes.length);
      const blocks = await openQuantized(
        checkpoint,
        recipe,
        sequences,
        { ...options, kernels },
        taskOf(task),
      );
      for (const kind of ['propagated', 'local'] as const) {
        const variants =
          kind === 'propagated'
            ? [{ name: recipe.name, blocks }]
            : MODULE_ROLES.map((role) => ({
                name: role,
                blocks: restrictTo(blocks, checkpoint, { layer: null, role }),
              }));
        const engine = await createEngine(checkpoint, {
          ...options,
          heldByCaller: quantizeAsReadBytes(checkpoint),
          kernels,
          recipes: variants.map(({ name }) => emptyRecipe(name)),
          quantized: new Map(variants.map(({ name, blocks: own }) => [name, own])),
        });
        try {
          const found = await engine.trace(ids, {
            ...partOf(task, kind === 'local' ? 1 : 0, 2),
            points: OUTPUTS,
            channels: false,
            tokens: false,
            propagate: kind === 'propagated',
          });
          for (const { variant, layer, point, difference } of found) {
            const role = point.slice(0, -'.output'.length) as ModuleRole;
            if (difference === null || (kind === 'local' && variant !== role)) continue;
            const { norm, baselineNorm } = difference;
            const relative = baselineNorm === 0 ? null : norm / baselineNorm;
            records.push({ ...label, variant: recipe.name, layer, role, kind, norm, baselineNorm, relative });
          }
        } finally {
          await engine.dispose();
        }
      }
    }
  });
  return records;
}
