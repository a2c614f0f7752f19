import { defineRecipe, type Recipe, resolveRecipes } from '@bitcliff/quantize';
import { readJsonFile } from '@bitcliff/runtime/node';

/**
 * Recipes by name, or from files whose name ends in .json, as `bitcliff sensitivity --save` writes them.
 * @throws {NotFoundError} for a missing file  @throws {FormatError} for one that is not JSON
 * @throws {InvalidInputError} for one that is no recipe
 */
export function readRecipes(names: readonly string[]): Promise<Recipe[]> {
  return Promise.all(
    names.map(async (name) =>
      name.endsWith('.json')
        ? defineRecipe((await readJsonFile(name, 'readRecipes')) as Recipe)
        : resolveRecipes([name])[0]!,
    ),
  );
}
