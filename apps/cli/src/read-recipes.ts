import { readFile } from 'node:fs/promises';
import { InvalidInputError } from '@bitcliff/core';
import { defineRecipe, type Recipe, resolveRecipes } from '@bitcliff/quantize';

/** Bytes of a recipe file at most. */
const RECIPE_LIMIT = 2 ** 20;

/**
 * Recipes by name, or from files whose name ends in .json, as `bitcliff sensitivity --save` writes them.
 * @throws {InvalidInputError} for a file that cannot be read or is no recipe
 */
export function readRecipes(names: readonly string[]): Promise<Recipe[]> {
  return Promise.all(
    names.map(async (name) => (name.endsWith('.json') ? readRecipe(name) : resolveRecipes([name])[0]!)),
  );
}

async function readRecipe(path: string): Promise<Recipe> {
  const place = { op: 'readRecipes', path };
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new InvalidInputError({ ...place, problem: 'cannot read the recipe', cause });
  });
  if (text.length > RECIPE_LIMIT) {
    throw new InvalidInputError({
      ...place,
      problem: 'the file is too large',
      expected: `at most ${RECIPE_LIMIT} characters`,
      received: text.length,
    });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InvalidInputError({ ...place, problem: 'the recipe is not JSON', cause });
  }
  return defineRecipe(json as Recipe);
}
