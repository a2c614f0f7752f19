import { defineRecipe, everyRole, type Recipe } from '../../recipe.ts';

/** SmoothQuant (arXiv 2211.10438) before vector-wise W8A8. */
export const smoothquantW8a8: Recipe = defineRecipe({
  name: 'smoothquant-w8a8',
  version: 1,
  description: 'SmoothQuant, alpha 0.5, then vector-wise INT8 weights and activations',
  roles: everyRole({
    method: { name: 'smoothquant', alpha: 0.5, propagate: 'original' },
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
