import { InvalidInputError } from '@bitcliff/core';
import {
  averageBits,
  defineRecipe,
  type LinearShape,
  MODULE_ROLES,
  type Recipe,
  type RecipeOverride,
} from '@bitcliff/quantize';
import type { Checkpoint } from '@bitcliff/runtime';
import { knapsack } from '../arrays/knapsack.ts';
import type { SensitivityRecord } from './sensitivity.ts';

/** Options of {@link mixedPrecision}. */
export interface MixedPrecisionOptions {
  /** The recipes of the records; without overrides. */
  readonly recipes: readonly Recipe[];
  /** Bits of a weight on average, with scales and zero points, at most. */
  readonly averageBits: number;
  /** What is made as small as the budget allows, summed over the parts as if their losses added up. @default 'kl' */
  readonly minimize?: 'kl' | 'deltaNll' | undefined;
  /** Of the recipe. @default `mixed-` and the average bits */
  readonly name?: string | undefined;
}

/** A recipe that gives each part the bits that it needs. */
export interface MixedPrecision {
  readonly recipe: Recipe;
  /** As stored. */
  readonly averageBits: number;
  /** Sum of the parts' losses, measured one by one. */
  readonly predictedLoss: number;
  /** No choice has a smaller sum within the budget. */
  readonly exact: boolean;
}

/**
 * Choose a recipe for each part by its measured sensitivity.
 * @param records of `sensitivity`: every part under every recipe
 * @throws {InvalidInputError} when the cheapest choice is over the budget, records are missing, or a recipe has overrides
 */
export function mixedPrecision(
  checkpoint: Checkpoint,
  records: readonly SensitivityRecord[],
  options: MixedPrecisionOptions,
): MixedPrecision {
  const { recipes, minimize = 'kl' } = options;
  const shapes = linearShapes(checkpoint);
  const parts = new Map<string, SensitivityRecord[]>();
  for (const record of records) {
    const key = `${record.layer} ${record.role}`;
    parts.set(key, [...(parts.get(key) ?? []), record]);
  }
  const ordered = [...parts.values()].map((part) =>
    recipes.map((recipe) => {
      const found = part.find((record) => record.recipe === recipe.name);
      if (found !== undefined && recipe.overrides === undefined) return found;
      throw new InvalidInputError({
        op: 'mixedPrecision',
        problem: found === undefined ? 'a part without a record' : 'a recipe with overrides',
        expected: 'every part under every recipe, none of which has overrides',
        received: recipe.name,
      });
    }),
  );
  const weights = shapes.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const { chosen, loss, exact } = knapsack(
    ordered.map((part) => part.map((record) => ({ bits: record.storedBits, loss: record[minimize] }))),
    options.averageBits * weights,
  );
  const base = recipes[mostFrequent(chosen)]!;
  const overrides = ordered.flatMap((part, p): RecipeOverride[] => {
    const { layer, role } = part[0]!;
    const from = recipes[chosen[p]!]!;
    if (from === base) return [];
    const place = {
      ...(layer === null ? {} : { layers: [layer] }),
      ...(role === null ? {} : { roles: [role] }),
    };
    if (role !== null) return [{ ...place, policy: from.roles[role] }];
    return MODULE_ROLES.map((own) => ({ ...place, roles: [own], policy: from.roles[own] }));
  });
  const recipe = defineRecipe({
    ...base,
    name: options.name ?? `mixed-${options.averageBits}`,
    version: 1,
    description: `${recipes.map(({ name }) => name).join(', ')} by sensitivity, at most ${options.averageBits} bits on average`,
    overrides: mergeLayers(overrides),
  });
  return { recipe, averageBits: averageBits(recipe, shapes), predictedLoss: loss, exact };
}

/** The linear layers of a checkpoint, as `averageBits` wants them. */
export function linearShapes({ spec, layout }: Checkpoint): LinearShape[] {
  return Array.from({ length: spec.layers }, (_, layer) =>
    layout.block(layer).linears.map(({ weight: name, role, inFeatures: rows, outFeatures: columns }) => ({
      name,
      role,
      layer,
      layers: spec.layers,
      rows,
      columns,
    })),
  ).flat();
}

function mostFrequent(chosen: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const option of chosen) counts.set(option, (counts.get(option) ?? 0) + 1);
  return [...counts].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
}

/** One override for all layers that have a role and policy in common. */
function mergeLayers(overrides: readonly RecipeOverride[]): RecipeOverride[] {
  const merged = new Map<string, RecipeOverride>();
  for (const override of overrides) {
    const key = JSON.stringify([override.roles, override.policy]);
    const layers = [...(merged.get(key)?.layers ?? []), ...(override.layers ?? [])];
    merged.set(key, { ...override, ...(layers.length === 0 ? {} : { layers }) });
  }
  return [...merged.values()];
}
