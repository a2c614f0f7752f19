import type { ActivationScheme } from './policy.ts';

/** The weights of one linear layer, ready to run. W is [in, out], row-major. */
export type LinearWeights =
  | {
      /** A floating-point product. Weight-only methods come back dequantized. */
      readonly kind: 'float';
      /** f32[in × out]. */
      readonly weight: Float32Array;
    }
  | {
      /** An int8 × int8 product; the scales of the inputs are found as the model runs. */
      readonly kind: 'int8';
      /** i8[in × out], each in [−127, 127]. */
      readonly codes: Int8Array;
      /** f32[out]. */
      readonly scale: Float32Array;
      readonly activations: ActivationScheme;
      /** f32[in]: X is divided by it before it is quantized; the weights are already multiplied (SmoothQuant). */
      readonly inputScale: Float32Array | null;
      /**
       * LLM.int8(): inputs with |x| ≥ threshold take the floating-point product with the dequantized int8 weights. `token`: those
       * entries alone; `batch`: every entry of an input column that has one, while the scale of a row is that of its entries below
       * the threshold, inside such columns too.
       */
      readonly outliers: { readonly threshold: number; readonly scope: 'token' | 'batch' } | null;
    };
