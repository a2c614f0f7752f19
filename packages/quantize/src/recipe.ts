/**
 * @file What a recipe is. A recipe says, for each module role, how the weights of its linear layers are stored and whether their
 * inputs are quantized too. It is data: it serialises to JSON, is checked by zod at the edge, and carries a version that goes into
 * every result record.
 */
import { InvalidInputError } from '@bitcliff/core';
import { z } from 'zod';
import type { ModuleRole } from './module-role.ts';

/** How the weights of a linear layer, W [in, out], are stored. */
export interface WeightScheme {
  /** `rtn` rounds each weight to the nearest code ("naive"); no calibration. */
  readonly method: 'rtn';
  /** 2 to 8. */
  readonly bits: number;
  readonly symmetric: true;
  /** One scale per output column. */
  readonly granularity: 'perColumn';
  readonly rounding: 'halfToEven';
  readonly scaleDtype: 'F32';
}

/** How the inputs of a linear layer, X [tokens, in], are quantized as the model runs. */
export interface ActivationScheme {
  readonly bits: 8;
  readonly symmetric: true;
  /** One scale per row of X, or one for all rows. */
  readonly granularity: 'perToken' | 'perTensor';
  readonly rounding: 'halfToEven';
}

/** How one linear layer is quantized. Quantized activations need 8-bit weights: the integer product is int8 × int8. */
export interface LinearPolicy {
  readonly weights: WeightScheme;
  /** `null` leaves the inputs in floating point (weight-only). */
  readonly activations: ActivationScheme | null;
}

/** A named, versioned quantization policy. */
export interface Recipe {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  /** What is done to the linear layers of each role; `null` leaves them in floating point. */
  readonly roles: Readonly<Record<ModuleRole, LinearPolicy | null>>;
}

const weightSchema: z.ZodType<WeightScheme> = z.strictObject({
  method: z.literal('rtn'),
  bits: z.int().min(2).max(8),
  symmetric: z.literal(true),
  granularity: z.literal('perColumn'),
  rounding: z.literal('halfToEven'),
  scaleDtype: z.literal('F32'),
});

const activationSchema: z.ZodType<ActivationScheme> = z.strictObject({
  bits: z.literal(8),
  symmetric: z.literal(true),
  granularity: z.enum(['perToken', 'perTensor']),
  rounding: z.literal('halfToEven'),
});

const policySchema: z.ZodType<LinearPolicy> = z
  .strictObject({ weights: weightSchema, activations: activationSchema.nullable() })
  .refine((policy) => policy.activations === null || policy.weights.bits === 8, {
    message: 'quantized activations need 8-bit weights',
    path: ['weights', 'bits'],
  });

const recipeSchema: z.ZodType<Recipe> = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9+.-]*$/, 'lower-case letters, digits, "+", "." and "-"'),
  version: z.int().min(1),
  description: z.string().min(1),
  roles: z.strictObject({
    'attn.qkv': policySchema.nullable(),
    'attn.out': policySchema.nullable(),
    'mlp.up': policySchema.nullable(),
    'mlp.down': policySchema.nullable(),
  }),
});

/**
 * Check a recipe from code, JSON or a configuration file.
 * @throws {InvalidInputError} that lists every wrong field
 * @example
 * const recipe = defineRecipe({ name: 'qkv-w4', version: 1, description: 'only q, k and v', roles: {
 *   'attn.qkv': RTN_W4, 'attn.out': null, 'mlp.up': null, 'mlp.down': null } });
 */
export function defineRecipe(recipe: Recipe): Recipe {
  const parsed = recipeSchema.safeParse(recipe);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError({
    op: 'defineRecipe',
    problem: `the recipe is malformed\n${z.prettifyError(parsed.error)}\n`,
    expected: 'a recipe as documented in @bitcliff/quantize',
    received: JSON.stringify(recipe?.name ?? null),
  });
}

/** The same policy for every role. */
export function everyRole(policy: LinearPolicy): Record<ModuleRole, LinearPolicy> {
  return { 'attn.qkv': policy, 'attn.out': policy, 'mlp.up': policy, 'mlp.down': policy };
}
