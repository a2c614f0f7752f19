/** @file `config.json` as transformers writes it, and back. */
import { FormatError, UnsupportedError } from '@bitcliff/core';
import type { ModelConfig } from './model-config.ts';

/** What of a training goes into `config.json`. */
export interface HubConfigExtras {
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  readonly dropout: number;
  /** Of the stored weights. */
  readonly dtype: 'float32' | 'float16' | 'bfloat16';
}

/** Fields of `config.json`. */
export function toHubConfig(model: ModelConfig, extras: HubConfigExtras): Record<string, unknown> {
  const common = {
    vocab_size: model.vocabularySize,
    tie_word_embeddings: false,
    bos_token_id: extras.bosTokenId ?? null,
    eos_token_id: extras.eosTokenId ?? null,
    torch_dtype: extras.dtype,
  };
  if (model.architecture === 'gpt2') {
    return {
      architectures: ['GPT2LMHeadModel'],
      model_type: 'gpt2',
      n_embd: model.hiddenSize,
      n_layer: model.layers,
      n_head: model.heads,
      n_inner: model.intermediateSize,
      n_positions: model.sequenceLength,
      layer_norm_epsilon: model.normEpsilon,
      activation_function: 'gelu_new',
      resid_pdrop: extras.dropout,
      attn_pdrop: 0,
      embd_pdrop: 0,
      ...common,
    };
  }
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: model.hiddenSize,
    num_hidden_layers: model.layers,
    num_attention_heads: model.heads,
    num_key_value_heads: model.keyValueHeads,
    head_dim: model.hiddenSize / model.heads,
    intermediate_size: model.intermediateSize,
    max_position_embeddings: model.sequenceLength,
    rms_norm_eps: model.normEpsilon,
    rope_theta: model.ropeTheta,
    rope_scaling: null,
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    attention_dropout: 0,
    ...common,
  };
}

/**
 * Inverse of {@link toHubConfig}.
 * @throws {UnsupportedError} for another model, or tied embeddings  @throws {FormatError} for a missing number
 */
export function fromHubConfig(json: Readonly<Record<string, unknown>>, path: string): ModelConfig {
  const number = (field: string): number => {
    const value = json[field];
    if (typeof value === 'number') return value;
    throw new FormatError({
      op: 'readCheckpoint',
      problem: `config.json without ${field}`,
      expected: 'a number',
      path,
    });
  };
  const supported =
    json.tie_word_embeddings === false && (json.model_type === 'gpt2' || json.model_type === 'llama');
  if (!supported) {
    throw new UnsupportedError({
      op: 'readCheckpoint',
      problem: 'not a model that pretrain writes',
      expected: 'model_type gpt2 or llama with untied embeddings',
      received: `${JSON.stringify(json.model_type)}, tie_word_embeddings ${JSON.stringify(json.tie_word_embeddings)}`,
      path,
    });
  }
  if (json.model_type === 'gpt2') {
    return {
      architecture: 'gpt2',
      vocabularySize: number('vocab_size'),
      hiddenSize: number('n_embd'),
      layers: number('n_layer'),
      heads: number('n_head'),
      intermediateSize: number('n_inner'),
      sequenceLength: number('n_positions'),
      normEpsilon: number('layer_norm_epsilon'),
    };
  }
  return {
    architecture: 'llama',
    vocabularySize: number('vocab_size'),
    hiddenSize: number('hidden_size'),
    layers: number('num_hidden_layers'),
    heads: number('num_attention_heads'),
    keyValueHeads: number('num_key_value_heads'),
    intermediateSize: number('intermediate_size'),
    sequenceLength: number('max_position_embeddings'),
    normEpsilon: number('rms_norm_eps'),
    ropeTheta: number('rope_theta'),
  };
}
