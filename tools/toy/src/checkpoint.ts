/** @file The trained weights as an ordinary Hugging Face folder, and back. */
import { Tensor } from '@bitcliff/core';
import { numpy as np } from '@jax-js/jax';
import type { LayerParams, ModelConfig, Params } from './model.ts';
import { BOS_ID, EOS_ID } from './tokenizer.ts';

// our field names and those of LlamaForCausalLM (transformers/models/llama/modeling_llama.py)
const LAYER_NAMES: Readonly<Record<keyof LayerParams, string>> = {
  inputNorm: 'input_layernorm',
  q: 'self_attn.q_proj',
  k: 'self_attn.k_proj',
  v: 'self_attn.v_proj',
  o: 'self_attn.o_proj',
  postNorm: 'post_attention_layernorm',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
};

/** Fields of `config.json`. */
export function toHubConfig(config: ModelConfig): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.numHiddenLayers,
    num_attention_heads: config.numAttentionHeads,
    num_key_value_heads: config.numKeyValueHeads,
    head_dim: config.headDim,
    vocab_size: config.vocabSize,
    max_position_embeddings: config.maxPositionEmbeddings,
    rms_norm_eps: config.rmsNormEps,
    rope_theta: config.ropeTheta,
    rope_scaling: null,
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    attention_dropout: 0,
    tie_word_embeddings: true,
    bos_token_id: BOS_ID,
    eos_token_id: EOS_ID,
    torch_dtype: 'float16',
  };
}

/** Inverse of {@link toHubConfig}. */
export function fromHubConfig(json: Readonly<Record<string, number>>): ModelConfig {
  const field = (name: string): number => json[name]!;
  return {
    vocabSize: field('vocab_size'),
    hiddenSize: field('hidden_size'),
    intermediateSize: field('intermediate_size'),
    numHiddenLayers: field('num_hidden_layers'),
    numAttentionHeads: field('num_attention_heads'),
    numKeyValueHeads: field('num_key_value_heads'),
    headDim: field('head_dim'),
    maxPositionEmbeddings: field('max_position_embeddings'),
    rmsNormEps: field('rms_norm_eps'),
    ropeTheta: field('rope_theta'),
  };
}

/** Each weight with its Hugging Face name, in the order of the model. */
function named(params: Params): [name: string, array: np.Array][] {
  const layers = params.layers.flatMap((layer, i) =>
    (Object.keys(LAYER_NAMES) as (keyof LayerParams)[]).map((key): [string, np.Array] => [
      `model.layers.${i}.${LAYER_NAMES[key]}.weight`,
      layer[key],
    ]),
  );
  return [['model.embed_tokens.weight', params.embed], ...layers, ['model.norm.weight', params.norm]];
}

/** Weights as F16 tensors by Hugging Face name. Does not consume the weights. */
export async function toTensors(params: Params): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const [name, array] of named(params)) {
    const half = new Float16Array((await array.ref.data()) as Float32Array);
    tensors.set(name, new Tensor('F16', array.shape, new Uint16Array(half.buffer)));
  }
  return tensors;
}

/** Weights from F16 tensors by Hugging Face name. */
export function fromTensors(tensors: ReadonlyMap<string, Tensor>, config: ModelConfig): Params {
  const array = (name: string): np.Array => {
    const tensor = tensors.get(`${name}.weight`)! as Tensor<'F16'>;
    const bits = Uint16Array.from(tensor.data);
    return np.array(Float32Array.from(new Float16Array(bits.buffer))).reshape([...tensor.shape]);
  };
  const layer = (i: number): LayerParams =>
    Object.fromEntries(
      Object.entries(LAYER_NAMES).map(([key, name]) => [key, array(`model.layers.${i}.${name}`)]),
    ) as LayerParams;
  return {
    embed: array('model.embed_tokens'),
    layers: Array.from({ length: config.numHiddenLayers }, (_, i) => layer(i)),
    norm: array('model.norm'),
  };
}
