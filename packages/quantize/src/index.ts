/**
 * Recipes: how the linear layers of a language model are turned into fewer bits.
 * @packageDocumentation
 */

// recipes
export {
  type ActivationScheme,
  defineRecipe,
  everyRole,
  type LinearPolicy,
  type Recipe,
  type WeightScheme,
} from './recipe.ts';
export { RECIPES, resolveRecipes } from './recipes/index.ts';
export { MODULE_ROLES, type ModuleRole } from './module-role.ts';

// weights
export { type LinearWeights, quantizeLinear } from './quantize-linear.ts';
