import { type Recipe, resolveRecipes } from '@bitcliff/quantize';
import { describe, expect, it } from 'vitest';
import { goldenFolder } from '../../test/helpers/golden.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import { checkFoldable, foldableRecipe } from './fold-target.ts';

const recipeOf = (name: string): Recipe => resolveRecipes([name])[0]!;

async function withModel(model: string, run: (checkpoint: Checkpoint) => void): Promise<void> {
  const checkpoint = await openCheckpoint(goldenFolder(model));
  try {
    run(checkpoint);
  } finally {
    await checkpoint.close();
  }
}

describe('checkFoldable', () => {
  it.each([
    ['llama', 'o_proj"', 'several query heads share a value head'],
    ['gpt_neox_sequential', 'dense_4h_to_h"', 'gelu stands before it'],
    ['olmo2', 'q_proj"', 'its input goes elsewhere too'],
    ['opt_postnorm', 'q_proj"', 'its input goes elsewhere too'],
    ['cohere_qknorm', 'q_proj"', 'attention and MLP share one norm'],
    ['olmo_clip', 'q_proj"', 'the norm before it has no gain'],
  ])('%s: names the module and says why', (model, module, reason) =>
    withModel(model, (checkpoint) => {
      const check = () => checkFoldable(checkpoint, recipeOf('awq-w4g8'));
      expect(check).toThrow(reason);
      expect(check).toThrow(module);
      expect(check).toThrow('--skip-unfoldable');
      expect(() => checkFoldable(checkpoint, foldableRecipe(checkpoint, recipeOf('awq-w4g8')))).not.toThrow();
      expect(() => checkFoldable(checkpoint, recipeOf('gptq-w4g8'))).not.toThrow();
    }),
  );

  it('wants one policy for layers that read the same input', () =>
    withModel('llama', (checkpoint) => {
      const recipe = foldableRecipe(checkpoint, recipeOf('awq-w4g8'));
      const overrides = [{ match: '*k_proj.weight', policy: null }];
      expect(() => checkFoldable(checkpoint, { ...recipe, overrides })).toThrow(
        'k_proj reads the same input with another policy',
      );
    }));
});

describe('foldableRecipe', () => {
  it('changes what has to be changed, and says so in the name', () =>
    withModel('llama', (checkpoint) => {
      const recipe = foldableRecipe(checkpoint, recipeOf('awq-w4g8'));
      expect(recipe.name).toBe('awq-w4g8+unscaled.out');
      expect(recipe.roles['attn.out']?.method).toMatchObject({ name: 'awq', scaling: 'none' });
      expect(recipe.roles['mlp.down']).toEqual(recipeOf('awq-w4g8').roles['mlp.down']);
      const smooth = foldableRecipe(checkpoint, recipeOf('smoothquant-w8a8'));
      expect(smooth.roles['attn.out']?.method).toEqual({ name: 'rtn' });
      const plain = recipeOf('gptq-w4g8');
      expect(foldableRecipe(checkpoint, plain)).toBe(plain);
    }));

  it('follows overrides', () =>
    withModel('llama', (checkpoint) => {
      const plain = recipeOf('rtn-w4g8');
      const awq = recipeOf('awq-w4g8').roles['attn.out'];
      const overrides = [
        { layers: [0], policy: awq },
        { layers: [1], roles: ['mlp.up' as const], policy: null },
      ];
      const recipe = foldableRecipe(checkpoint, { ...plain, overrides });
      expect(recipe.overrides).toHaveLength(3);
      expect(recipe.overrides![1]).toMatchObject({
        layers: [0],
        roles: ['attn.out'],
        policy: { method: { scaling: 'none' } },
      });
      expect(() => checkFoldable(checkpoint, recipe)).not.toThrow();
    }));
});
