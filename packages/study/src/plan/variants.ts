/** @file The variants of a checkpoint: recipes, and for those that need calibration every set. */
import { needsCalibration } from '@bitcliff/analysis';
import { InvalidInputError } from '@bitcliff/core';
import { METHOD_VERSIONS, type Recipe } from '@bitcliff/quantize';
import { BASELINE, type Checkpoint } from '@bitcliff/runtime';

/** A recipe on a checkpoint. */
export interface Variant {
  /** Unique on the checkpoint. */
  readonly variant: string;
  /** Carries the variant's name; `null` for the baseline. */
  readonly recipe: Recipe | null;
  /** Name of the calibration set; `null` where none is needed. */
  readonly calibration: string | null;
}

/** What a set is on one checkpoint. */
export interface CalibrationTokens {
  readonly name: string;
  /** `tokenHash` of the sequences. */
  readonly hash: string;
}

/**
 * The baseline, then every recipe, with each set if it needs one.
 * @throws {InvalidInputError} for a recipe that needs calibration in a study without a set
 */
export function variantsOf(
  checkpoint: Checkpoint,
  recipes: readonly Recipe[],
  sets: readonly string[],
): Variant[] {
  return [
    { variant: BASELINE, recipe: null, calibration: null },
    ...recipes.flatMap((recipe): Variant[] => {
      if (!needsCalibration(checkpoint, recipe)) return [{ variant: recipe.name, recipe, calibration: null }];
      if (sets.length === 0) throw noSet(recipe);
      return sets.map((calibration) => {
        const variant = sets.length === 1 ? recipe.name : `${recipe.name} @${calibration}`;
        return { variant, recipe: { ...recipe, name: variant }, calibration };
      });
    }),
  ];
}

/** What makes a recipe's results: its policies and the versions of their methods, not its name. */
export function recipeIdentity(recipe: Recipe): object {
  const { version, roles, overrides } = recipe;
  const policies = [...Object.values(roles), ...(overrides ?? []).map(({ policy }) => policy)];
  const names = new Set(policies.flatMap((policy) => (policy === null ? [] : [policy.method.name])));
  const methods = Object.fromEntries([...names].map((name) => [name, METHOD_VERSIONS[name]]));
  return { version, roles, overrides: overrides ?? [], methods };
}

function noSet({ name }: Recipe): InvalidInputError {
  return new InvalidInputError({
    op: 'planStudy',
    problem: `recipe "${name}" needs calibration`,
    expected: 'at least one set',
    where: 'calibration',
    hint: "For example calibration: [{ name: 'wiki', source: 'wiki.txt' }]",
  });
}
