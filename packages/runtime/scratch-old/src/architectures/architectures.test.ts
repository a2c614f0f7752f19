import { readFileSync } from 'node:fs';
import { BitcliffError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { goldenFolder } from '../../test/helpers/golden.ts';
import { ARCHITECTURES, resolveArchitecture } from './index.ts';

/** A golden model of each architecture. */
const MODELS: Record<string, string> = {
  bloom: 'bloom_6heads_hub_names',
  cohere: 'cohere_qknorm',
  gemma: 'gemma',
  gpt2: 'gpt2_hub_names',
  gpt_neox: 'gpt_neox_fp16',
  llama: 'llama',
  mistral: 'mistral_window8',
  olmo: 'olmo_clip',
  olmo2: 'olmo2',
  opt: 'opt_postnorm',
  phi: 'phi',
  qwen2: 'qwen2_window_upper_layers',
  qwen3: 'qwen3',
};
const configOf = (modelType: string): Record<string, unknown> =>
  JSON.parse(readFileSync(`${goldenFolder(MODELS[modelType]!)}/config.json`, 'utf8'));

it('has a golden model for every architecture', () => {
  expect(Object.keys(MODELS).sort()).toEqual([...ARCHITECTURES.keys()].sort());
});

describe.each(Object.keys(MODELS))('%s config', (modelType) => {
  const parse = (change: Record<string, unknown>): unknown => {
    const config = { ...configOf(modelType), ...change };
    return resolveArchitecture(config, 'some/config.json').parseConfig(config, 'some/config.json');
  };

  it('refuses a vocabulary that is missing or no number', () => {
    for (const vocabulary of [undefined, '97', 0, 1.5]) {
      expect(() => parse({ vocab_size: vocabulary })).toThrow(
        /a field is missing or wrong[\s\S]*at vocab_size[\s\S]*some\/config\.json/,
      );
    }
  });

  it('refuses what no architecture here computes', () => {
    for (const field of ['quantization_config', 'num_local_experts', 'num_experts', 'n_routed_experts']) {
      expect(() => parse({ [field]: 8 })).toThrow(
        `${modelType} config: ${field} is not supported, expected no such field, received 8`,
      );
    }
    expect(() => parse({ layer_types: ['sliding_attention'] })).toThrow('layer_types is not supported');
    expect(() => parse({ layer_types: ['full_attention'] })).not.toThrow();
  });
});

it.each<[string, Record<string, unknown>, string]>([
  [
    'bloom',
    { apply_residual_connection_post_layernorm: true },
    'apply_residual_connection_post_layernorm is not supported, expected false, received true',
  ],
  ['bloom', { n_embed: null, hidden_size: null }, 'a size is missing, expected hidden_size or n_embed'],
  ['gemma', { attention_bias: true }, 'attention_bias is not supported'],
  ['gemma', { hidden_activation: 'tanh' }, 'hidden_act is not supported'],
  [
    'gpt2',
    { scale_attn_weights: false },
    'scale_attn_weights is not supported, expected true, received false',
  ],
  ['gpt2', { scale_attn_by_inverse_layer_idx: true }, 'scale_attn_by_inverse_layer_idx is not supported'],
  ['gpt2', { add_cross_attention: true }, 'add_cross_attention is not supported'],
  ['gpt2', { n_head: 5 }, 'head_dim is wrong, expected an integer'],
  [
    'gpt_neox',
    { rotary_pct: 0.01 },
    'rotary dimensions is wrong, expected an even integer from 2 to head_dim (16), received 0',
  ],
  [
    'gpt_neox',
    { rope_scaling: { type: 'longrope', factor: 2 } },
    'rope_scaling.rope_type is not supported, expected one of: default, linear, dynamic, llama3, yarn, received "longrope"',
  ],
  ['olmo', { attention_bias: true }, 'attention_bias is not supported'],
  ['olmo2', { attention_bias: true }, 'attention_bias is not supported'],
  ['opt', { enable_bias: false }, 'enable_bias is not supported'],
  ['opt', { _remove_final_layer_norm: true }, '_remove_final_layer_norm is not supported'],
  ['phi', { qk_layernorm: true }, 'qk_layernorm is not supported'],
  ['qwen3', { use_sliding_window: true }, 'use_sliding_window is not supported'],
  ['mistral', { sliding_window: -1 }, 'at sliding_window'],
  ['llama', { num_hidden_layers: 10_001 }, 'at num_hidden_layers'],
])('%s refuses %j', (modelType, change, message) => {
  const config = { ...configOf(modelType), ...change };
  try {
    resolveArchitecture(config, 'some/config.json').parseConfig(config, 'some/config.json');
    expect.unreachable();
  } catch (error) {
    expect(BitcliffError.isInstance(error)).toBe(true);
    expect((error as Error).message).toContain(message);
  }
});
