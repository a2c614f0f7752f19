import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFileSource } from '../src/file-source.node.ts';
import type { TensorSource } from '../src/tensor-source.ts';
import { openTorch } from '../src/torch/open-torch.ts';

// skipped when BITCLIFF_SHARED, the folder of shared models, is not set
const shared = process.env.BITCLIFF_SHARED;

const open = async (path: string): Promise<TensorSource> =>
  openTorch(await openFileSource(join(shared!, 'data/models', path)));

async function sum(tensors: TensorSource, name: string): Promise<number> {
  let total = 0;
  for (const value of await tensors.readFloat32(name)) total += value;
  return total;
}

async function sumOfAll(tensors: TensorSource): Promise<number> {
  let total = 0;
  for (const name of tensors.names()) total += await sum(tensors, name);
  return total;
}

// sums: numpy.frombuffer(zipfile.ZipFile(path).read('<prefix>/data/<key>'), '<f4').astype('f8').sum(), NumPy 2.4.6
describe.skipIf(shared === undefined)('PyTorch checkpoints of the shared folder (BITCLIFF_SHARED)', () => {
  it('opens slm4096, a training checkpoint with tied weights', async () => {
    const tensors = await open('slm4096/ckpt.pt');
    expect(tensors.names().length).toBe(57);
    expect(tensors.info('model_state.blocks.0.attn.c_attn.weight')).toMatchObject({
      dtype: 'F32',
      shape: [192, 64],
    });
    expect(tensors.info('model_state.head.weight').shape).toEqual([54, 64]);
    expect(await sum(tensors, 'model_state.tok_emb.weight')).toBeCloseTo(-4.2339221553411335, 8);
    expect(await sum(tensors, 'model_state.head.weight')).toBeCloseTo(-4.2339221553411335, 8);
    expect(await sum(tensors, 'model_state.blocks.0.attn.c_attn.weight')).toBeCloseTo(-3.075438708983711, 8);
    // every storage once, and the tied one again
    expect(await sumOfAll(tensors)).toBeCloseTo(33522.37916254123 - 4.2339221553411335, 6);
    const { metadata } = tensors;
    expect(metadata).toMatchObject({
      'config.n_layer': '4',
      'stoi. ': '1',
      'itos.1': ' ',
      n_params: '211712',
    });
    let elements = 0;
    for (const name of tensors.names()) {
      if (!/mask|head/.test(name)) elements += tensors.info(name).byteLength / 4;
    }
    expect(`${elements}`).toBe(metadata.n_params);
    await tensors.close();
  });

  it('opens hf-tiny-llama-random, a state_dict of transformers', async () => {
    const tensors = await open('hf-tiny-llama-random/pytorch_model.bin');
    expect(tensors.names().length).toBe(13);
    expect(tensors.metadata).toEqual({});
    expect(tensors.info('model.embed_tokens.weight')).toMatchObject({ dtype: 'F32', shape: [32000, 16] });
    expect(await sum(tensors, 'model.embed_tokens.weight')).toBeCloseTo(-1.8621425173125346, 8);
    expect(await sum(tensors, 'lm_head.weight')).toBeCloseTo(-13.96314266716044, 8);
    expect(await sum(tensors, 'model.layers.0.self_attn.q_proj.weight')).toBeCloseTo(-0.25324440584518015, 8);
    expect(await sumOfAll(tensors)).toBeCloseTo(32.26773401594751, 8);
    const row = await tensors.readFloat32('lm_head.weight', { range: { start: 16, end: 32 } });
    expect(row).toEqual((await tensors.readFloat32('lm_head.weight')).slice(16, 32));
    await tensors.close();
  });
});
