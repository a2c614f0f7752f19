import { InvalidInputError } from '@bitcliff/core';
import type { Kernels, Matrix } from '@bitcliff/kernels';
import type { ActivationScheme, LinearPolicy } from './recipe.ts';

/** The weights of one linear layer, ready to run. W is [in, out], row-major. */
export type LinearWeights =
  | {
      /** A floating-point product. */
      readonly kind: 'float';
      /** f32[in × out]. */
      readonly weight: Float32Array;
    }
  | {
      /** An int8 × int8 product with per-token activation scales. */
      readonly kind: 'int8';
      /** i8[in × out], each in [−127, 127]. */
      readonly codes: Int8Array;
      /** f32[out]. */
      readonly scale: Float32Array;
      readonly activations: ActivationScheme;
      /** SmoothQuant: X is divided by this, f32[in], before it is quantized; the weights are multiplied already. `null`: it is not. */
      readonly inputScale: Float32Array | null;
      /**
       * LLM.int8(): entries of X (`token`), or whole columns of it (`batch`), with |x| ≥ threshold take a floating-point product with the
       * dequantized codes. `null`: all of X is quantized.
       */
      readonly outliers: { readonly threshold: number; readonly scope: 'token' | 'batch' } | null;
    };

/**
 * Quantize the weights of one linear layer as a policy says.
 * Weight-only policies come back dequantized (`float`): scoring needs the numbers, not the storage.
 * @param weight W [in, out], finite
 * @param policy `null` leaves the weights as they are
 * @param options.name the tensor, for error messages
 * @throws {InvalidInputError} when a weight is NaN or infinite
 */
export async function quantizeLinear(
  weight: Matrix,
  policy: LinearPolicy | null,
  options: { kernels: Kernels; name: string },
): Promise<LinearWeights> {
  checkFinite(weight, options.name);
  if (policy === null) return { kind: 'float', weight: weight.data };
  const { bits, granularity } = policy.weights;
  const quantized = await options.kernels.quantizeSymmetric(weight, { bits, granularity });
  if (policy.activations !== null) {
    const { activations } = policy;
    return {
      kind: 'int8',
      codes: quantized.codes,
      scale: quantized.scale,
      activations,
      inputScale: null,
      outliers: null,
    };
  }
  return { kind: 'float', weight: await options.kernels.dequantizeSymmetric(quantized) };
}

function checkFinite(weight: Matrix, name: string): void {
  const bad = weight.data.findIndex((x) => !Number.isFinite(x));
  if (bad === -1) return;
  throw new InvalidInputError({
    op: 'quantizeLinear',
    problem: 'a weight is not finite',
    expected: 'finite numbers',
    received: weight.data[bad]!,
    where: `tensor "${name}", input ${Math.floor(bad / weight.columns)}, output ${bad % weight.columns}`,
  });
}
