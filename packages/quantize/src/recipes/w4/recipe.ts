import { defineRecipe, everyRole, type Recipe } from '../../recipe.ts';

/** Column-wise INT4 weight-only quantization of the INT8 paper (arXiv 2305.19268, §2). */
export const w4: Recipe = defineRecipe({
  name: 'w4',
  version: 1,
  description: 'column-wise symmetric INT4 weights, floating-point activations',
  roles: everyRole({
    weights: {
      method: 'rtn',
      bits: 4,
      symmetric: true,
      granularity: 'perColumn',
      rounding: 'halfToEven',
      scaleDtype: 'F32',
    },
    activations: null,
  }),
});
