import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRng, Tensor } from '@bitcliff/core';
import { writeSafetensorsFile } from '@bitcliff/formats/node';
import type { ScoreRequest } from '@bitcliff/runtime';

const VOCABULARY = 2048;

/** Write a Llama checkpoint with random weights. */
export async function writeRandomLlama(folder: string, hiddenSize: number, layers: number): Promise<void> {
  const rng = createRng(hiddenSize);
  const tensors = new Map<string, Tensor>();
  const put = (name: string, ...shape: number[]): void => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) data[i] = (rng.uniform() - 0.5) * 0.1;
    tensors.set(name, new Tensor('F32', shape, data));
  };
  const H = hiddenSize;
  const F = 4 * hiddenSize;
  put('model.embed_tokens.weight', VOCABULARY, H);
  put('lm_head.weight', VOCABULARY, H);
  put('model.norm.weight', H);
  for (let layer = 0; layer < layers; layer++) {
    const block = `model.layers.${layer}`;
    for (const name of ['input_layernorm', 'post_attention_layernorm']) put(`${block}.${name}.weight`, H);
    for (const name of ['q', 'k', 'v', 'o']) put(`${block}.self_attn.${name}_proj.weight`, H, H);
    for (const name of ['gate', 'up']) put(`${block}.mlp.${name}_proj.weight`, F, H);
    put(`${block}.mlp.down_proj.weight`, H, F);
  }
  await writeSafetensorsFile(join(folder, 'model.safetensors'), tensors);
  const config = {
    model_type: 'llama',
    hidden_size: H,
    intermediate_size: F,
    num_hidden_layers: layers,
    num_attention_heads: H / 64,
    vocab_size: VOCABULARY,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
}

/** Requests shaped like HellaSwag's: contexts of 20 to 100 tokens, four choices of 5 to 40. */
export function hellaswagRequests(items: number): ScoreRequest[] {
  const rng = createRng(items);
  const tokens = (n: number): number[] => Array.from({ length: n }, () => rng.int(VOCABULARY));
  return Array.from({ length: items }, () => {
    const context = tokens(20 + rng.int(81));
    return Array.from({ length: 4 }, () => ({ context, continuation: tokens(5 + rng.int(36)) }));
  }).flat();
}
