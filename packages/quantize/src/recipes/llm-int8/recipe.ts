import { defineRecipe, everyRole, type Recipe } from '../../recipe.ts';

/** LLM.int8() (arXiv 2208.07339) with the threshold of its paper. */
export const llmInt8: Recipe = defineRecipe({
  name: 'llm-int8',
  version: 1,
  description: 'vector-wise INT8, inputs of at least 6.0 in floating point',
  roles: everyRole({
    method: { name: 'llm-int8', threshold: 6, scope: 'token' },
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
