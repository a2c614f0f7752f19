import { defineRecipe, everyRole, type Recipe } from '../../recipe.ts';

/** NVFP4 weights, weight-only. */
export const nvfp4: Recipe = defineRecipe({
  name: 'nvfp4',
  version: 1,
  description:
    'E2M1 weights with an E4M3 scale for each 16 inputs and one scale for the tensor, floating-point activations',
  roles: everyRole({
    method: { name: 'rtn' },
    weights: { kind: 'nvfp4', bits: 4, groupSize: 16 },
    activations: null,
  }),
});
