/** @file How one linear layer is quantized: the storage of its weights, the method that chooses the codes, and its inputs. */
import { z } from 'zod';
import { type Method, methodSchema, type Propagation } from './method.ts';
import { type WeightScheme, weightSchema } from './weight-scheme.ts';

/** How the inputs of a linear layer, X [tokens, in], are quantized as the model runs. */
export interface ActivationScheme {
  readonly bits: 8;
  readonly symmetric: true;
  /** One scale per row of X, or one for all rows of a call. */
  readonly granularity: 'perToken' | 'perTensor';
  readonly rounding: 'halfToEven';
}

/** How one linear layer is quantized. */
export interface LinearPolicy {
  readonly method: Method;
  readonly weights: WeightScheme;
  /** `null` leaves the inputs in floating point (weight-only). Otherwise the product is int8 × int8. */
  readonly activations: ActivationScheme | null;
}

/** What a policy has to know about the inputs of a layer. */
export interface CalibrationNeeds {
  readonly absMax: boolean;
  readonly meanAbs: boolean;
  readonly gram: boolean;
  readonly propagate: Propagation;
}

/** @returns `null` when the policy needs no calibration */
export function calibrationNeeds(policy: LinearPolicy | null): CalibrationNeeds | null {
  const method = policy?.method;
  switch (method?.name) {
    case 'smoothquant':
      return { absMax: true, meanAbs: false, gram: false, propagate: method.propagate };
    case 'awq':
      return { absMax: false, meanAbs: true, gram: true, propagate: method.propagate };
    case 'gptq':
      return { absMax: false, meanAbs: false, gram: true, propagate: method.propagate };
    default:
      return null;
  }
}

const activationSchema: z.ZodType<ActivationScheme> = z.strictObject({
  bits: z.literal(8),
  symmetric: z.literal(true),
  granularity: z.enum(['perToken', 'perTensor']),
  rounding: z.literal('halfToEven'),
});

/** A rule over the parts of a policy. @returns what is wrong, or nothing */
function conflict({ method, weights, activations }: LinearPolicy): [string, string[]] | undefined {
  if (activations !== null) {
    if (weights.bits !== 8) return ['quantized activations need 8-bit weights', ['weights', 'bits']];
    const fits =
      weights.kind === 'integer' &&
      weights.symmetric &&
      (weights.granularity === 'perColumn' || weights.granularity === 'perTensor');
    if (!fits) {
      return ['quantized activations need symmetric integers per column or per tensor', ['weights']];
    }
  }
  if ((method.name === 'smoothquant' || method.name === 'llm-int8') && activations === null) {
    return [`${method.name} quantizes activations too`, ['activations']];
  }
  const groups =
    weights.kind === 'integer' && (weights.granularity === 'perColumn' || weights.granularity === 'perGroup');
  if (method.name === 'gptq' && !groups) return ['gptq needs integers per column or per group', ['weights']];
  if (method.name === 'awq' && method.clip !== 'none' && !groups) {
    return ['the clip search of awq needs integers per column or per group', ['method', 'clip']];
  }
  if (method.name === 'awq' && activations !== null) {
    return ['awq is weight-only', ['activations']];
  }
  if (method.name === 'hqq' && !(weights.kind === 'integer' && weights.grid === 'hqq' && groups)) {
    return ['hqq needs the grid "hqq", per column or per group', ['weights', 'grid']];
  }
  return undefined;
}

/** Checks a policy. */
export const policySchema: z.ZodType<LinearPolicy> = z
  .strictObject({ method: methodSchema, weights: weightSchema, activations: activationSchema.nullable() })
  .superRefine((policy, context) => {
    const found = conflict(policy);
    if (found !== undefined) context.addIssue({ code: 'custom', message: found[0], path: found[1] });
  });
