import { defineRecipe, everyRole, type Recipe } from '../../recipe.ts';

/** FP8 weights, weight-only. */
export const fp8: Recipe = defineRecipe({
  name: 'fp8',
  version: 1,
  description: 'E4M3 weights, one scale per output column, floating-point activations',
  roles: everyRole({
    method: { name: 'rtn' },
    weights: { kind: 'float8', bits: 8, format: 'E4M3', granularity: 'perColumn', scaleDtype: 'F32' },
    activations: null,
  }),
});
