import { createRng, Tensor } from '@bitcliff/core';
import { encodeSafetensors, memorySource, openSafetensors } from '@bitcliff/formats';
import { type Checkpoint, type CheckpointMetadata, resolveArchitecture } from '@bitcliff/runtime';

const CONFIG = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 50,
  max_position_embeddings: 128,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: false,
};

/** Where the inputs of attn.qkv have one large channel. */
export interface Plant {
  readonly layer: number;
  readonly channel: number;
  /** Of the norm's gain; the weights are divided by it. */
  readonly factor: number;
}

/** A llama with random weights in memory, and a channel that was scaled up without a change of the function. */
export async function plantedCheckpoint(
  plant: Plant | null,
  metadata: CheckpointMetadata = {},
): Promise<Checkpoint> {
  const architecture = resolveArchitecture(CONFIG, 'planted');
  const spec = architecture.parseConfig(CONFIG, 'planted');
  const layout = architecture.tensors(spec, (name) => !name.endsWith('.bias'));
  const rng = createRng(11);
  const tensors = new Map<string, Tensor>();
  const put = (name: string, shape: number[]): void => {
    const isGain = shape.length === 1;
    const deviation = isGain ? 0.1 : 1.5 / Math.sqrt(shape[1]!);
    const count = shape.reduce((a, b) => a * b, 1);
    const data = Float32Array.from({ length: count }, () => rng.normal() * deviation + (isGain ? 1 : 0));
    tensors.set(name, new Tensor('F32', shape, data));
  };
  const { hiddenSize: H, vocabularySize: V } = spec;
  put(layout.embedding, [V, H]);
  put(layout.head.weight, [V, H]);
  put(layout.finalNorm!.gain!, [H]);
  for (let layer = 0; layer < spec.layers; layer++) {
    const { attentionNorm, mlpNorm, linears } = layout.block(layer);
    put(attentionNorm.gain!, [H]);
    put(mlpNorm!.gain!, [H]);
    for (const { weight, outFeatures, inFeatures } of linears) put(weight, [outFeatures, inFeatures]);
    if (plant?.layer !== layer) continue;
    const { channel, factor } = plant;
    (tensors.get(attentionNorm.gain!)!.data as Float32Array)[channel]! *= factor;
    for (const { weight, role, outFeatures, inFeatures } of linears) {
      if (role !== 'attn.qkv') continue;
      const data = tensors.get(weight)!.data as Float32Array; // [out, in]
      for (let n = 0; n < outFeatures; n++) data[n * inFeatures + channel]! /= factor;
    }
  }
  const source = await openSafetensors(memorySource(encodeSafetensors(tensors), 'planted'));
  return {
    path: 'planted',
    spec,
    layout,
    tensors: source,
    metadata,
    tokenizer: () => Promise.reject(new Error('no tokenizer')),
    close: () => source.close(),
  };
}

/** Random token ids. */
export function randomSequences(count: number, length: number, seed = 5): number[][] {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => Array.from({ length }, () => rng.int(CONFIG.vocab_size)));
}
