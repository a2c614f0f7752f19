import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRng, Tensor } from '@bitcliff/core';
import { encodeF16 } from '@bitcliff/formats';
import { type TensorToWrite, writeSafetensorsFolder } from '@bitcliff/formats/node';

/** Sizes of a model of Pythia's architecture. */
export interface NeoxShape {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly vocabulary: number;
  readonly dtype: 'F32' | 'F16';
}

/** EleutherAI/pythia-160m. */
export const PYTHIA_160M: NeoxShape = {
  layers: 12,
  hidden: 768,
  heads: 12,
  vocabulary: 50_304,
  dtype: 'F32',
};

/** Operations of one token: two for each weight that it meets, without the attention product. @param scored its next token is scored */
export function tokenFlops({ layers, hidden, vocabulary }: NeoxShape, scored: boolean): number {
  return 2 * (12 * hidden * hidden * layers + (scored ? hidden * vocabulary : 0));
}

/** Write a checkpoint with random weights, tensor by tensor. */
export async function writeRandomNeox(folder: string, shape: NeoxShape): Promise<void> {
  const { layers, hidden: H, heads, vocabulary, dtype } = shape;
  const rng = createRng(H);
  // one megabyte of noise, read at a new offset for every tensor: making gigabytes of random numbers would take minutes
  const noise = Float32Array.from({ length: 2 ** 18 }, () => rng.normal() * 0.02);
  const tensors: TensorToWrite[] = [];
  const put = (name: string, size: number[], value?: number): void => {
    const data = (): Tensor => {
      const values = new Float32Array(size.reduce((a, b) => a * b, 1));
      if (value !== undefined) values.fill(value);
      else {
        for (let at = 0; at < values.length; ) {
          const piece = noise.subarray(rng.int(2 ** 17)).subarray(0, values.length - at);
          values.set(piece, at);
          at += piece.length;
        }
      }
      return dtype === 'F32' ? new Tensor('F32', size, values) : new Tensor('F16', size, encodeF16(values));
    };
    tensors.push({ name, dtype, shape: size, data });
  };
  const norm = (name: string): void => {
    put(`${name}.weight`, [H], 1);
    put(`${name}.bias`, [H], 0);
  };
  put('gpt_neox.embed_in.weight', [vocabulary, H]);
  put('embed_out.weight', [vocabulary, H]);
  norm('gpt_neox.final_layer_norm');
  for (let layer = 0; layer < layers; layer++) {
    const block = `gpt_neox.layers.${layer}`;
    norm(`${block}.input_layernorm`);
    norm(`${block}.post_attention_layernorm`);
    for (const [name, out, inputs] of [
      ['attention.query_key_value', 3 * H, H],
      ['attention.dense', H, H],
      ['mlp.dense_h_to_4h', 4 * H, H],
      ['mlp.dense_4h_to_h', H, 4 * H],
    ] as const) {
      put(`${block}.${name}.weight`, [out, inputs]);
      put(`${block}.${name}.bias`, [out]);
    }
  }
  await writeSafetensorsFolder(folder, tensors);
  const config = {
    model_type: 'gpt_neox',
    hidden_size: H,
    intermediate_size: 4 * H,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    vocab_size: vocabulary,
    max_position_embeddings: 2048,
    layer_norm_eps: 1e-5,
    rotary_pct: 0.25,
    rotary_emb_base: 10_000,
    use_parallel_residual: true,
    hidden_act: 'gelu',
    tie_word_embeddings: false,
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
}
