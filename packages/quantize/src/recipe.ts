/**
 * @file What a recipe is. A recipe says, for each module role and where it wants for single layers, how linear layers are quantized. It
 * is data: it serialises to JSON, is checked by zod at the edge, and carries a version that goes into every result record.
 */
import { InvalidInputError } from '@bitcliff/core';
import { z } from 'zod';
import { MODULE_ROLES, type ModuleRole } from './module-role.ts';
import { type LinearPolicy, policySchema } from './policy.ts';

/** A policy for some of the layers. Every condition that is given must hold; at least one is. */
export interface RecipeOverride {
  /** Pattern of the tensor's name: `*` stands for any run of characters, as in `model.layers.0.*`. */
  readonly match?: string;
  /** Layers from 0; negative ones count from the last. */
  readonly layers?: readonly number[];
  readonly roles?: readonly ModuleRole[];
  /** `null` leaves the layer in floating point. */
  readonly policy: LinearPolicy | null;
}

/** A named, versioned quantization policy. */
export interface Recipe {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  /** What is done to the linear layers of each role; `null` leaves them in floating point. */
  readonly roles: Readonly<Record<ModuleRole, LinearPolicy | null>>;
  /** Exceptions; of several that match, the last one holds. @default none */
  readonly overrides?: readonly RecipeOverride[];
}

/** Where a linear layer stands in a model. */
export interface LinearModuleName {
  /** The tensor, such as `model.layers.0.mlp.up_proj.weight`. */
  readonly name: string;
  readonly role: ModuleRole;
  /** From 0. */
  readonly layer: number;
  /** Layers of the model. */
  readonly layers: number;
}

const overrideSchema = z
  .strictObject({
    match: z.string().min(1).optional(),
    layers: z.array(z.int()).min(1).optional(),
    roles: z
      .array(z.enum(MODULE_ROLES as [ModuleRole, ...ModuleRole[]]))
      .min(1)
      .optional(),
    policy: policySchema.nullable(),
  })
  .refine(({ match, layers, roles }) => [match, layers, roles].some((part) => part !== undefined), {
    message: 'an override names layers, roles or a pattern',
  });

const recipeSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_+.-]*$/, 'lower-case letters, digits, "_", "+", "." and "-"'),
  version: z.int().min(1),
  description: z.string().min(1),
  roles: z.strictObject({
    'attn.qkv': policySchema.nullable(),
    'attn.out': policySchema.nullable(),
    'mlp.up': policySchema.nullable(),
    'mlp.down': policySchema.nullable(),
  }),
  overrides: z.array(overrideSchema).optional(),
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
  if (parsed.success) return parsed.data as Recipe;
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

/** The policy of one linear layer: that of the last override that matches it, else that of its role. */
export function policyFor(recipe: Recipe, module: LinearModuleName): LinearPolicy | null {
  const override = recipe.overrides?.findLast((candidate) => matches(candidate, module));
  return override === undefined ? recipe.roles[module.role] : override.policy;
}

function matches({ match, layers, roles }: RecipeOverride, module: LinearModuleName): boolean {
  if (roles !== undefined && !roles.includes(module.role)) return false;
  if (layers?.every((layer) => (layer < 0 ? module.layers + layer : layer) !== module.layer)) return false;
  return match === undefined || matchesPattern(match, module.name);
}

/** Glob with `*` alone. Walks once through the name for each part: no pattern takes long. */
function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return pattern === name;
  const [first, last] = [parts[0]!, parts.at(-1)!];
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length)
    return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > name.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}
