import { createRng, Tensor } from '@bitcliff/core';
import { encodeSafetensors, memorySource, openSafetensors } from '@bitcliff/formats';
import { resolveArchitecture } from '../../src/architectures/index.ts';
import type { Checkpoint } from '../../src/checkpoint.ts';
import { createCheckpoint } from '../../src/create-checkpoint.ts';

/** config.json of a small llama. */
export const TINY_LLAMA = {
  model_type: 'llama',
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 40,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: false,
};

/** A llama-like checkpoint in memory, random weights. @param config changes of {@link TINY_LLAMA} */
export async function tinyCheckpoint(config: object = {}): Promise<Checkpoint> {
  const full = { ...TINY_LLAMA, ...config };
  const architecture = resolveArchitecture(full, 'tiny');
  const spec = architecture.parseConfig(full, 'tiny');
  const layout = architecture.tensors(spec, (name) => !name.endsWith('.bias'));
  const rng = createRng(7);
  const tensors = new Map<string, Tensor>();
  const put = (name: string, shape: number[]): void => {
    const count = shape.reduce((a, b) => a * b, 1);
    const data = Float32Array.from(
      { length: count },
      () => rng.normal() * 0.2 + (shape.length === 1 ? 1 : 0),
    );
    tensors.set(name, new Tensor('F32', shape, data));
  };
  const { hiddenSize: H, vocabularySize: V } = spec;
  put(layout.embedding, [V, H]);
  put(layout.head.weight, [V, H]);
  put(layout.finalNorm!.gain!, [H]);
  for (let layer = 0; layer < spec.layers; layer++) {
    const block = layout.block(layer);
    put(block.attentionNorm.gain!, [H]);
    put(block.mlpNorm!.gain!, [H]);
    for (const { weight, bias, outFeatures, inFeatures } of block.linears) {
      put(weight, [outFeatures, inFeatures]);
      if (bias !== null) put(bias, [outFeatures]);
    }
  }
  const source = await openSafetensors(memorySource(encodeSafetensors(tensors), 'tiny'));
  return createCheckpoint({ path: 'tiny', config: full, tensors: source });
}
