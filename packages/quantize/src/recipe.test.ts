import { UnknownNameError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { defineRecipe, everyRole, MODULE_ROLES, RECIPES, type Recipe, resolveRecipes } from './index.ts';

const w8a8 = RECIPES.get('w8a8')!;
const policy = w8a8.roles['attn.qkv']!;

describe('recipes', () => {
  it('have distinct names, a version and a policy for every role', () => {
    for (const [name, recipe] of RECIPES) {
      expect(recipe.name).toBe(name);
      expect(recipe.version).toBeGreaterThanOrEqual(1);
      expect(Object.keys(recipe.roles).sort()).toEqual([...MODULE_ROLES].sort());
    }
  });

  it('survive JSON', () => {
    for (const recipe of RECIPES.values()) {
      expect(defineRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
    }
  });

  it('are found by name, in the order asked for', () => {
    expect(resolveRecipes(['w4', 'w8a8']).map((recipe) => recipe.name)).toEqual(['w4', 'w8a8']);
  });

  it('list the known names and suggest one for an unknown name', () => {
    expect(() => resolveRecipes(['w8a'])).toThrow(UnknownNameError);
    expect(() => resolveRecipes(['w8a'])).toThrow(
      'resolveRecipes: unknown recipe "w8a", expected one of: w4, w8a8. Did you mean "w8a8"?',
    );
  });

  it('may leave a role in floating point', () => {
    const recipe = {
      ...w8a8,
      name: 'w8a8-mlp',
      roles: { ...w8a8.roles, 'attn.qkv': null, 'attn.out': null },
    };
    expect(defineRecipe(recipe).roles['attn.qkv']).toBeNull();
  });

  it.each<[string, unknown, string]>([
    ['a bad name', { ...w8a8, name: 'W8 A8' }, 'at name'],
    ['a version of 0', { ...w8a8, version: 0 }, 'at version'],
    ['a missing role', { ...w8a8, roles: { 'attn.qkv': policy } }, 'at roles["attn.out"]'],
    ['an unknown role', { ...w8a8, roles: { ...w8a8.roles, mlp: policy } }, 'Unrecognized key: "mlp"'],
    [
      '9 bits',
      { ...w8a8, roles: everyRole({ ...policy, weights: { ...policy.weights, bits: 9 } }) },
      'at roles["attn.qkv"].weights.bits',
    ],
    [
      'int8 activations on 4-bit weights',
      { ...w8a8, roles: everyRole({ ...policy, weights: { ...policy.weights, bits: 4 } }) },
      'quantized activations need 8-bit weights',
    ],
    ['nothing', undefined, 'Invalid input: expected object, received undefined'],
  ])('refuse %s', (_, recipe, message) => {
    expect(() => defineRecipe(recipe as Recipe)).toThrow(message);
  });
});
