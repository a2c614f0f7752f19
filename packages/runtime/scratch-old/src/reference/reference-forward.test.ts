import { readdirSync, readFileSync } from 'node:fs';
import { readNpy } from '@bitcliff/formats';
import { defineRecipe, everyRole, resolveRecipes } from '@bitcliff/quantize';
import { describe, expect, it } from 'vitest';
import {
  GOLDEN_MODELS,
  type Golden,
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
    await compareTrace(goldenFolder('llama'));
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

const shared = process.env.BITCLIFF_SHARED;
describe.skipIf(shared === undefined)(
  'every golden model, whole traces (skipped without BITCLIFF_SHARED)',
  () => {
    const root = `${shared}/golden/models`;
    it.each(shared === undefined ? [] : readdirSync(root))('%s', (model) => compareTrace(`${root}/${model}`));
  },
);

/** Compare everything that a golden folder has with the oracle. */
async function compareTrace(folder: string): Promise<void> {
  const checkpoint = await openCheckpoint(folder);
  const { sequences } = JSON.parse(readFileSync(`${folder}/golden/golden.json`, 'utf8')) as Golden;
  for (const { id, input_ids } of sequences) {
    const trace = await referenceForward(checkpoint, input_ids);
    const flat = (layers: Float64Array[]): number[] => layers.flatMap((layer) => [...layer]);
    const values: Record<string, ArrayLike<number>> = {
      logits: trace.logits,
      embed: trace.embed,
      block_out: flat(trace.blockOut),
      final_norm: trace.finalNorm,
      attn_qkv_in: flat(trace.inputs['attn.qkv']),
      attn_out_in: flat(trace.inputs['attn.out']),
      mlp_up_in: flat(trace.inputs['mlp.up']),
      mlp_down_in: flat(trace.inputs['mlp.down']),
    };
    for (const [name, value] of Object.entries(values)) {
      const golden = readNpy(readFileSync(`${folder}/golden/${id}_${name}.npy`)).data as Float32Array;
      const worst = maxDifference(value, golden);
      expect(worst, `max |diff| of ${id} ${name} ${worst}`).toBeLessThan(SAVED_AS_F32);
    }
  }
  await checkpoint.close();
}
