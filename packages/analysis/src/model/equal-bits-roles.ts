/**
 * @file The remedy of the QiD study against its alternatives: which role is best kept at 8 bits? Roles differ in size, so the same bits buy all of a small one or
 * some layers of a large one. The budget is what the smallest role costs in all layers; larger roles get as many layers as it pays for,
 * spread evenly.
 */
import { InvalidInputError } from '@bitcliff/core';
import {
  averageBits,
  defineRecipe,
  keepRole,
  MODULE_ROLES,
  type ModuleRole,
  type Recipe,
} from '@bitcliff/quantize';
import type { Checkpoint } from '@bitcliff/runtime';
import { type CheckpointLabel, labelOf, partOf, taskOf, withKernels } from './analysis-options.ts';
import { type LossOptions, measureLoss, type VariantLoss } from './measure-loss.ts';
import { linearShapes } from './mixed-precision.ts';
import { openQuantized } from './quantized-view.ts';

/** A recipe that keeps one role. */
export interface KeptRole {
  readonly role: ModuleRole;
  /** Layers where it is kept, 0-based, ascending. */
  readonly layers: readonly number[];
  readonly recipe: Recipe;
  /** As stored. */
  readonly averageBits: number;
}

/** What keeping one role is worth. */
export interface KeptRoleRecord
  extends CheckpointLabel,
    Omit<VariantLoss, 'variant'>,
    Omit<KeptRole, 'role' | 'recipe'> {
  /** `null` for the recipe without a role that is kept. */
  readonly role: ModuleRole | null;
  readonly recipe: string;
}

/** Options of {@link equalBitsRoles}. */
export interface EqualBitsOptions extends LossOptions {
  /** Without overrides, every role quantized. */
  readonly recipe: Recipe;
  /** Of the role that is kept. @default 8 */
  readonly bits?: number | undefined;
}

/**
 * Recipes that keep one role at more bits, at average bits as equal as whole matrices allow.
 * @param recipe without overrides
 * @throws {InvalidInputError} for overrides, and for a role with that many bits already
 */
export function equalBitsRecipes(checkpoint: Checkpoint, recipe: Recipe, bits = 8): KeptRole[] {
  if (recipe.overrides !== undefined) {
    throw new InvalidInputError({
      op: 'equalBitsRecipes',
      problem: 'a recipe with overrides',
      expected: 'one policy for each role',
      received: recipe.name,
    });
  }
  const { layers } = checkpoint.spec;
  const shapes = linearShapes(checkpoint);
  const cheap = averageBits(recipe, shapes);
  const whole = MODULE_ROLES.map((role) => {
    const kept = keepRole(recipe, role, bits);
    return { role, kept, cost: averageBits(kept, shapes) - cheap };
  });
  const budget = Math.min(...whole.map(({ cost }) => cost));
  return whole.map(({ role, kept, cost }) => {
    const count = Math.max(1, Math.round((layers * budget) / cost));
    const own = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * layers) / count));
    const made = defineRecipe({
      ...recipe,
      name: count === layers ? kept.name : `${kept.name}-in-${count}-of-${layers}`,
      description: `${kept.description} in layers ${own.join(', ')}`,
      overrides: [{ layers: own, roles: [role], policy: kept.roles[role] }],
    });
    return { role, layers: own, recipe: made, averageBits: averageBits(made, shapes) };
  });
}

/**
 * Measure what keeping each single role at 8 bits is worth, at equal average bits, beside the recipe without it.
 * @param sequences token ids, at least two each; they calibrate too where `options.calibration` does not
 * @returns the recipe as it is, then one record for each role
 */
export async function equalBitsRoles(
  checkpoint: Checkpoint,
  sequences: readonly ArrayLike<number>[],
  options: EqualBitsOptions,
): Promise<KeptRoleRecord[]> {
  const { recipe } = options;
  const plain = {
    role: null,
    layers: [],
    recipe,
    averageBits: averageBits(recipe, linearShapes(checkpoint)),
  };
  const kept = [plain, ...equalBitsRecipes(checkpoint, recipe, options.bits)];
  return withKernels(options, async (kernels) => {
    const own = { ...options, kernels };
    const variants = [];
    for (const [k, { recipe: made }] of kept.entries()) {
      const task = taskOf(partOf(options, k, kept.length + 1));
      variants.push({ recipe: made, blocks: await openQuantized(checkpoint, made, sequences, own, task) });
    }
    const task = partOf(options, kept.length, kept.length + 1);
    const [, ...losses] = await measureLoss(checkpoint, variants, sequences, { ...own, ...task });
    return losses.map(({ variant, ...loss }, k) => ({
      ...labelOf(checkpoint),
      ...kept[k]!,
      recipe: variant,
      ...loss,
    }));
  });
}
