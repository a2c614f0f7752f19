import { defineRecipe, everyRole, type ModuleRole, resolveRecipes } from '@bitcliff/quantize';
import { describe, expect, it } from 'vitest';
import {
  GOLDEN_MODELS,
  goldenFolder,
  maxDifference,
  readGolden,
  readGoldenArray,
} from '../../test/helpers/golden.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import { referenceForward } from './reference-forward.ts';

const [w8a8, w4] = resolveRecipes(['w8a8', 'w4']);
/** The golden values were rounded to f32 when they were saved: half a unit of 8 is 5e-7. */
const SAVED_AS_F32 = 1e-6;

describe('the float64 oracle against the golden models', () => {
  it.each(GOLDEN_MODELS)('%s: logits', async (model) => {
    const checkpoint = await openCheckpoint(goldenFolder(model));
    for (const { id, input_ids } of readGolden(model).sequences) {
      const { logits } = await referenceForward(checkpoint, input_ids);
      const worst = maxDifference(logits, readGoldenArray(model, `${id}_logits`));
      expect(worst, `max |diff| of ${id} ${worst}`).toBeLessThan(SAVED_AS_F32);
    }
    await checkpoint.close();
  });

  it('llama: embedding, every block, the input of every module role, final norm', async () => {
    const checkpoint = await openCheckpoint(goldenFolder('llama'));
    for (const { id, input_ids } of readGolden('llama').sequences) {
      const trace = await referenceForward(checkpoint, input_ids);
      const flat = (layers: Float64Array[]) => layers.flatMap((layer) => [...layer]);
      const check = (name: string, values: ArrayLike<number>) => {
        const worst = maxDifference(values, readGoldenArray('llama', `${id}_${name}`));
        expect(worst, `max |diff| of ${id} ${name} ${worst}`).toBeLessThan(SAVED_AS_F32);
      };
      check('embed', trace.embed);
      check('block_out', flat(trace.blockOut));
      check('final_norm', trace.finalNorm);
      for (const [role, name] of Object.entries({
        'attn.qkv': 'attn_qkv_in',
        'attn.out': 'attn_out_in',
        'mlp.up': 'mlp_up_in',
        'mlp.down': 'mlp_down_in',
      })) {
        check(name, flat(trace.inputs[role as ModuleRole]));
      }
    }
    await checkpoint.close();
  });

  const w8 = defineRecipe({
    ...w8a8!,
    name: 'w8',
    roles: everyRole({ ...w8a8!.roles['attn.qkv']!, activations: null }),
  });
  it.each([
    ['w8a8_vectorwise', w8a8!],
    ['w4_sym_percolumn', w4!],
    ['w8_sym_percolumn', w8],
  ])('llama quantized: %s', async (tag, recipe) => {
    const checkpoint = await openCheckpoint(goldenFolder('llama'));
    for (const { id, input_ids } of readGolden('llama').sequences) {
      const { logits } = await referenceForward(checkpoint, input_ids, recipe);
      const worst = maxDifference(logits, readGoldenArray('llama', `${id}_quant_${tag}_logits`));
      expect(worst, `max |diff| of ${id} ${worst}`).toBeLessThan(SAVED_AS_F32);
    }
    await checkpoint.close();
  });
});
