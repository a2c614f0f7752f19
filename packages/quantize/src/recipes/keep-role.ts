/** @file The remedy of the QiD study: one module role kept at more bits than the rest. */
import { InvalidInputError } from '@bitcliff/core';
import type { ModuleRole } from '../module-role.ts';
import type { LinearPolicy } from '../policy.ts';
import { defineRecipe, type Recipe } from '../recipe.ts';

/** What a name's suffix calls a role: `awq-w3g128+qkv8`. */
export const ROLE_SUFFIX: Readonly<Record<ModuleRole, string>> = {
  'attn.qkv': 'qkv',
  'attn.out': 'out',
  'mlp.up': 'up',
  'mlp.down': 'down',
};

/**
 * The same recipe with one role at more bits, by the same method. Weights that are not integers become integers there: asymmetric on
 * the grid of AWQ in groups of 128, rounded to nearest.
 * @param bits 2 to 8, more than the role has
 * @throws {InvalidInputError} when the role is in floating point, or has as many bits
 * @example
 * keepRole(resolveRecipes(['awq-w3g128'])[0], 'attn.qkv', 8).name; // awq-w3g128+qkv8
 */
export function keepRole(recipe: Recipe, role: ModuleRole, bits: number): Recipe {
  const policy = recipe.roles[role];
  if (policy === null || policy.weights.bits >= bits) {
    throw new InvalidInputError({
      op: 'keepRole',
      problem: `${role} of ${recipe.name} has that many bits already`,
      expected: 'a recipe with fewer',
      received: policy === null ? 'floating point' : policy.weights.bits,
    });
  }
  return defineRecipe({
    ...recipe,
    name: `${recipe.name}+${ROLE_SUFFIX[role]}${bits}`,
    description: `${recipe.description}; ${role} with ${bits} bits`,
    roles: { ...recipe.roles, [role]: withBits(policy, bits) },
  });
}

function withBits(policy: LinearPolicy, bits: number): LinearPolicy {
  if (policy.weights.kind === 'integer') return { ...policy, weights: { ...policy.weights, bits } };
  return {
    method: { name: 'rtn' },
    weights: {
      kind: 'integer',
      bits,
      symmetric: false,
      grid: 'awq',
      granularity: 'perGroup',
      groupSize: 128,
      rounding: 'halfToEven',
      scaleDtype: 'F16',
    },
    activations: policy.activations,
  };
}
