import { UnknownNameError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import {
  averageBits,
  calibrationNeeds,
  defineRecipe,
  everyRole,
  keepRole,
  type LinearPolicy,
  MODULE_ROLES,
  policyFor,
  RECIPES,
  type Recipe,
  resolveRecipes,
} from './index.ts';

const w8a8 = RECIPES.get('w8a8')!;
const policy = w8a8.roles['attn.qkv']!;
const [awq, gptq] = resolveRecipes(['awq-w4g128', 'gptq-w4g128']).map(({ roles }) => roles['mlp.up']!);
const withWeights = (base: LinearPolicy, weights: object) =>
  everyRole({ ...base, weights: { ...base.weights, ...weights } } as LinearPolicy);

describe('recipes', () => {
  it('have distinct names, a version and a policy for every role', () => {
    for (const [name, recipe] of RECIPES) {
      expect(recipe.name).toBe(name);
      expect(recipe.version).toBeGreaterThanOrEqual(1);
      expect(Object.keys(recipe.roles).sort()).toEqual([...MODULE_ROLES].sort());
    }
  });

  it('are all that the toolkit promises', () => {
    expect([...RECIPES.keys()]).toEqual(
      expect.arrayContaining([
        ...['w8a8', 'w4', 'smoothquant-w8a8', 'llm-int8', 'hqq-w4g64', 'fp8', 'mxfp4', 'nvfp4'],
        ...['awq-w3g128', 'awq-w4g128', 'awq-w5g128', 'gptq-w3g128', 'gptq-w4g128'],
        ...[2, 3, 4, 5, 8].flatMap((bits) => [32, 64, 128].map((group) => `rtn-w${bits}g${group}`)),
      ]),
    );
  });

  it('survive JSON', () => {
    const kept = [...RECIPES.values()].filter(({ roles }) => roles['attn.qkv']!.weights.bits < 8);
    for (const recipe of [...RECIPES.values(), ...kept.map((recipe) => keepRole(recipe, 'attn.qkv', 8))]) {
      expect(defineRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
    }
  });

  it('are found by name, in the order asked for', () => {
    expect(resolveRecipes(['w4', 'w8a8']).map((recipe) => recipe.name)).toEqual(['w4', 'w8a8']);
  });

  it('are named by their parameters', () => {
    const [recipe] = resolveRecipes(['awq-autoawq-w6g48']);
    expect(recipe!.roles['attn.out']).toMatchObject({
      method: { name: 'awq', scaling: 'duo' },
      weights: { bits: 6, groupSize: 48, granularity: 'perGroup' },
    });
    const names = [
      'awq-llm-awq-w4g128',
      'gptq-w3',
      'gptq-static-w4g128',
      'hqq-v2-w4g64',
      'rtn-w7g16',
      'awq-llm-compressor-w4g32',
    ];
    expect(resolveRecipes(names).map(({ name }) => name)).toEqual(names);
    for (const name of ['gptq-w9g128', 'gptq-w4g0', 'awq-ist-w4g128', 'rtn-plain-', 'rtn-toString-w4']) {
      expect(() => resolveRecipes([name])).toThrow(UnknownNameError);
    }
  });

  it('keep one role at more bits, with any method', () => {
    for (const name of ['rtn-w3g64', 'awq-w3g128', 'gptq-w4g128', 'hqq-w4g64', 'w4', 'mxfp4', 'nvfp4']) {
      const [base, kept] = resolveRecipes([name, `${name}+qkv8`]);
      expect(kept!.name).toBe(`${name}+qkv8`);
      expect(kept!.roles['attn.qkv']!.weights.bits).toBe(8);
      expect({ ...kept!.roles, 'attn.qkv': null }).toEqual({ ...base!.roles, 'attn.qkv': null });
    }
    expect(resolveRecipes(['rtn-w3g64+up6+down5'])[0]!.roles['mlp.up']!.weights.bits).toBe(6);
    expect(() => resolveRecipes(['w8a8+qkv8'])).toThrow('attn.qkv of w8a8 has that many bits already');
  });

  it('list the known names and suggest one for an unknown name', () => {
    expect(() => resolveRecipes(['w8a'])).toThrow(UnknownNameError);
    expect(() => resolveRecipes(['w8a'])).toThrow(
      /unknown recipe "w8a", expected one of: .*\. Did you mean "w8a8"\?$/,
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
    ['9 bits', { ...w8a8, roles: withWeights(policy, { bits: 9 }) }, 'at roles["attn.qkv"].weights.bits'],
    [
      'int8 activations on 4-bit weights',
      { ...w8a8, roles: withWeights(policy, { bits: 4 }) },
      'quantized activations need 8-bit weights',
    ],
    [
      'int8 activations on groups',
      { ...w8a8, roles: withWeights(policy, { granularity: 'perGroup', groupSize: 32 }) },
      'need symmetric integers per column or per tensor',
    ],
    [
      'groups without a size',
      { ...w8a8, roles: withWeights(awq!, { groupSize: null }) },
      'perGroup needs a group size',
    ],
    [
      'an asymmetric absmax',
      { ...w8a8, roles: withWeights(policy, { symmetric: false }) },
      '"absmax" is symmetric',
    ],
    [
      'gptq on floats',
      { ...w8a8, roles: everyRole({ ...gptq!, weights: { kind: 'nvfp4', bits: 4, groupSize: 16 } }) },
      'gptq needs integers',
    ],
    [
      'a clip search on floats',
      { ...w8a8, roles: everyRole({ ...awq!, weights: { kind: 'nvfp4', bits: 4, groupSize: 16 } }) },
      'the clip search of awq needs integers',
    ],
    [
      'smoothquant without activations',
      {
        ...w8a8,
        roles: everyRole({
          ...policy,
          method: { name: 'smoothquant', alpha: 0.5, propagate: 'original' },
          activations: null,
        }),
      },
      'smoothquant quantizes activations too',
    ],
    [
      'hqq on another grid',
      { ...w8a8, roles: everyRole({ ...awq!, method: RECIPES.get('hqq-w4g64')!.roles['mlp.up']!.method }) },
      'hqq needs the grid "hqq"',
    ],
    [
      'awq with int8 activations',
      { ...w8a8, roles: everyRole({ ...policy, method: awq!.method }) },
      'awq is weight-only',
    ],
    [
      'an override of nothing',
      { ...w8a8, overrides: [{ policy: null }] },
      'an override names layers, roles or a pattern',
    ],
    ['nothing', undefined, 'Invalid input: expected object, received undefined'],
  ])('refuse %s', (_, recipe, message) => {
    expect(() => defineRecipe(recipe as Recipe)).toThrow(message);
  });
});

describe('policyFor', () => {
  const recipe = defineRecipe({
    ...RECIPES.get('w4')!,
    overrides: [
      { layers: [0, -1], policy },
      { match: 'model.layers.*.mlp.*_proj.weight', roles: ['mlp.up'], policy: awq! },
      { match: 'model.layers.2.mlp.up_proj.weight', policy: null },
    ],
  });
  const at = (layer: number, role: 'attn.qkv' | 'mlp.up', name: string) =>
    policyFor(recipe, { layer, layers: 4, role, name: `model.layers.${layer}.${name}` });

  it('takes the last override that matches, else the role', () => {
    expect(at(1, 'attn.qkv', 'self_attn.q_proj.weight')).toEqual(recipe.roles['attn.qkv']);
    expect(at(0, 'attn.qkv', 'self_attn.q_proj.weight')).toEqual(policy);
    expect(at(3, 'attn.qkv', 'self_attn.q_proj.weight')).toEqual(policy);
    expect(at(0, 'mlp.up', 'mlp.up_proj.weight')).toEqual(awq);
    expect(at(2, 'mlp.up', 'mlp.up_proj.weight')).toBeNull();
    expect(at(2, 'mlp.up', 'mlp.gate_proj.weight')).toEqual(awq);
    expect(at(1, 'mlp.up', 'mlp.up_proj.bias')).toEqual(recipe.roles['mlp.up']);
  });

  it.each([
    ['*', 'abc', true],
    ['a*', 'abc', true],
    ['*c', 'abc', true],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'acb', false],
    ['ab*bc', 'abc', false],
    ['abc', 'abc', true],
    ['ab', 'abc', false],
    ['a.c', 'abc', false],
    ['*a*a*a*a*a*a*a*a*b', 'a'.repeat(5000), false],
  ])('pattern %s on %s: %s', (match, name, expected) => {
    const one = { ...recipe, overrides: [{ match, policy: null }] };
    expect(policyFor(one, { name, role: 'mlp.up', layer: 0, layers: 1 }) === null).toBe(expected);
  });
});

describe('calibrationNeeds', () => {
  it('says what a method has to know', () => {
    expect(calibrationNeeds(policy)).toBeNull();
    expect(calibrationNeeds(null)).toBeNull();
    expect(calibrationNeeds(awq!)).toEqual({
      absMax: false,
      meanAbs: true,
      gram: true,
      propagate: 'original',
    });
    expect(calibrationNeeds(gptq!)).toMatchObject({ gram: true, propagate: 'quantized' });
    expect(calibrationNeeds(RECIPES.get('smoothquant-w8a8')!.roles['mlp.up'])).toMatchObject({
      absMax: true,
      gram: false,
    });
  });
});

describe('averageBits', () => {
  const shape = { name: 'w', layer: 0, layers: 1, rows: 768, columns: 3072 };
  const bitsOf = (name: string) => averageBits(resolveRecipes([name])[0]!, [{ ...shape, role: 'mlp.up' }]);

  it.each([
    ['rtn-w4g128', 4 + (16 + 4) / 128],
    ['rtn-w3g32', 3 + (16 + 3) / 32],
    ['hqq-w4g64', 4 + 32 / 64],
    ['gptq-w4', 4 + 20 / 768],
    ['w4', 4 + 32 / 768],
    ['w8a8', 8 + 32 / 768],
    ['fp8', 8 + 32 / 768],
    ['mxfp4', 4.25],
    ['nvfp4', 4.5 + 32 / (768 * 3072)],
  ])('%s', (name, expected) => {
    expect(bitsOf(name)).toBeCloseTo(expected, 10);
  });

  it('weighs layers by their size, and counts what stays in floating point', () => {
    const [recipe] = resolveRecipes(['rtn-w4g128+qkv8']);
    const shapes = [
      { ...shape, role: 'mlp.up' },
      { ...shape, columns: 768, role: 'attn.qkv' },
    ] as const;
    expect(averageBits(recipe!, shapes)).toBeCloseTo((4 * (4 + 20 / 128) + 8 + 24 / 128) / 5, 10);
    const half = defineRecipe({ ...recipe!, overrides: [{ roles: ['attn.qkv'], policy: null }] });
    expect(averageBits(half, shapes, { floatBits: 32 })).toBeCloseTo((4 * (4 + 20 / 128) + 32) / 5, 10);
  });
});
