import { defineRecipe, everyRole, type Recipe } from '../../recipe.ts';

/** OCP MXFP4 weights, weight-only. */
export const mxfp4: Recipe = defineRecipe({
  name: 'mxfp4',
  version: 1,
  description: 'E2M1 weights with a power of two for each 32 inputs, floating-point activations',
  roles: everyRole({
    method: { name: 'rtn' },
    weights: { kind: 'mxfp4', bits: 4, groupSize: 32, scaleRule: 'floor' },
    activations: null,
  }),
});
