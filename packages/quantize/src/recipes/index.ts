import { UnknownNameError } from '@bitcliff/core';
import type { Recipe } from '../recipe.ts';
import { w4 } from './w4/recipe.ts';
import { w8a8 } from './w8a8/recipe.ts';

/** The built-in recipes by name. */
export const RECIPES: ReadonlyMap<string, Recipe> = new Map(
  [w8a8, w4].map((recipe) => [recipe.name, recipe]),
);

/**
 * Built-in recipes by name.
 * @throws {UnknownNameError} that lists the known names and suggests the nearest
 */
export function resolveRecipes(names: readonly string[]): Recipe[] {
  return names.map((name) => {
    const recipe = RECIPES.get(name);
    if (recipe === undefined) {
      throw new UnknownNameError({ op: 'resolveRecipes', kind: 'recipe', name, known: [...RECIPES.keys()] });
    }
    return recipe;
  });
}
