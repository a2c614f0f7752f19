import { UnknownNameError } from '@bitcliff/core';
import { MODULE_ROLES } from '../module-role.ts';
import type { Recipe } from '../recipe.ts';
import { familyRecipe } from './families.ts';
import { fp8 } from './fp8/recipe.ts';
import { ggmlRecipes } from './ggml-recipes.ts';
import { keepRole, ROLE_SUFFIX } from './keep-role.ts';
import { llmInt8 } from './llm-int8/recipe.ts';
import { mxfp4 } from './mxfp4/recipe.ts';
import { nvfp4 } from './nvfp4/recipe.ts';
import { smoothquantW8a8 } from './smoothquant-w8a8/recipe.ts';
import { w4 } from './w4/recipe.ts';
import { w8a8 } from './w8a8/recipe.ts';

const FAMILY_NAMES = [
  ...[2, 3, 4, 5, 8].flatMap((bits) => [32, 64, 128].map((group) => `rtn-w${bits}g${group}`)),
  ...[3, 4, 5].map((bits) => `awq-w${bits}g128`),
  ...[3, 4].map((bits) => `gptq-w${bits}g128`),
  'hqq-w4g64',
];

/** The built-in recipes by name. {@link resolveRecipes} knows more: other parameters, presets and `+qkv8`. */
export const RECIPES: ReadonlyMap<string, Recipe> = new Map(
  [
    ...[w8a8, w4],
    ...FAMILY_NAMES.map((name) => familyRecipe(name)!),
    ...[smoothquantW8a8, llmInt8, fp8, mxfp4, nvfp4],
    ...ggmlRecipes,
  ].map((recipe) => [recipe.name, recipe]),
);

/**
 * Recipes by name: built-in ones, `<method>[-<preset>]-w<bits>[g<groupSize>]` with the methods rtn, awq, gptq, hqq, and any of these with
 * one role at more bits: `+qkv8`, `+out8`, `+up8`, `+down8`.
 * @throws {UnknownNameError} that lists the built-in names and suggests the nearest
 * @throws {InvalidInputError} when the role of a suffix has that many bits already
 * @example
 * resolveRecipes(['w8a8', 'awq-autoawq-w3g64', 'gptq-w4g128+qkv8']);
 */
export function resolveRecipes(names: readonly string[]): Recipe[] {
  return names.map(resolveRecipe);
}

function resolveRecipe(name: string): Recipe {
  const [, base, suffix, bits] = /^(.+)\+([a-z]+)([2-8])$/.exec(name) ?? [];
  const role = MODULE_ROLES.find((candidate) => ROLE_SUFFIX[candidate] === suffix);
  if (base !== undefined && role !== undefined) return keepRole(resolveRecipe(base), role, Number(bits));
  const recipe = RECIPES.get(name) ?? familyRecipe(name);
  if (recipe !== undefined) return recipe;
  throw new UnknownNameError({ op: 'resolveRecipes', kind: 'recipe', name, known: [...RECIPES.keys()] });
}
