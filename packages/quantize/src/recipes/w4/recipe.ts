import { defineRecipe, everyRole, type Recipe } from '../../recipe.ts';

/** Column-wise INT4 weight-only quantization of the INT8 paper (arXiv 2305.19268, §2). */
export const w4: Recipe = defineRecipe({
  name: 'w4',
  version: 1,
  description: 'column-wise symmetric INT4 weights, floating-point activations',
  roles: everyRole({
    method: { name: 'rtn' },
    weights: {
      kind: 'integer',
      bits: 4,
      symmetric: true,
      grid: 'absmax',
      granularity: 'perColumn',
      groupSize: null,
      rounding: 'halfToEven',
      scaleDtype: 'F32',
    },
    activations: null,
  }),
});
