import { defineRecipe, everyRole, type Recipe } from '../recipe.ts';
import { GGML_BITS, type GgmlType } from '../weight-scheme.ts';

/** The block formats of GGUF files, weight-only: `q4_0`, `q4_1`, `q5_0`, `q5_1`, `q8_0`, `q4_k`, `q5_k`, `q6_k`. */
export const ggmlRecipes: readonly Recipe[] = (Object.keys(GGML_BITS) as GgmlType[]).map((type) =>
  defineRecipe({
    name: type.toLowerCase(),
    version: 1,
    description: `${type} blocks along the inputs, as GGUF files hold them, floating-point activations`,
    roles: everyRole({
      method: { name: 'rtn' },
      weights: { kind: 'ggml', bits: GGML_BITS[type], type },
      activations: null,
    }),
  }),
);
