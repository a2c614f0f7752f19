import { defineRecipe, everyRole, type Recipe } from '../../recipe.ts';

/** Vector-wise W8A8 of the INT8 paper (arXiv 2305.19268, §2). */
export const w8a8: Recipe = defineRecipe({
  name: 'w8a8',
  version: 1,
  description: 'vector-wise INT8: weights per output column, activations per token, INT32 accumulation',
  roles: everyRole({
    method: { name: 'rtn' },
    weights: {
      kind: 'integer',
      bits: 8,
      symmetric: true,
      grid: 'absmax',
      granularity: 'perColumn',
      groupSize: null,
      rounding: 'halfToEven',
      scaleDtype: 'F32',
    },
    activations: { bits: 8, symmetric: true, granularity: 'perToken', rounding: 'halfToEven' },
  }),
});
