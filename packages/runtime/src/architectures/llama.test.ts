import { BitcliffError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { resolveArchitecture } from './index.ts';
import { llama } from './llama.ts';

const config = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  vocab_size: 97,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
};

describe('llama config', () => {
  it('fills in the defaults of LlamaConfig', () => {
    const spec = llama.parseConfig(config, 'config.json');
    expect(spec.attention).toEqual({
      heads: 4,
      kvHeads: 4,
      headDim: 16,
      clip: null,
      qkNorm: 'none',
      windows: [null, null],
    });
    expect(spec.positions).toEqual({
      kind: 'rotary',
      theta: 10000,
      scaling: { kind: 'none' },
      dims: 16,
      interleaved: false,
    });
    expect(spec.head).toEqual({ tied: undefined, logitScale: 1 });
    expect(spec.eosTokenIds).toEqual([]);
  });

  it('reads the rotary fields in the 4.x and the 5.x spelling', () => {
    const fields = {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 32,
    };
    const old = llama.parseConfig({ ...config, rope_theta: 5e5, rope_scaling: fields }, 'c');
    const current = llama.parseConfig({ ...config, rope_parameters: { ...fields, rope_theta: 5e5 } }, 'c');
    expect(current).toEqual(old);
    expect(old.positions).toMatchObject({ theta: 5e5, scaling: { kind: 'llama3', factor: 8 } });
    const linear = llama.parseConfig({ ...config, rope_scaling: { type: 'linear', factor: 2 } }, 'c');
    expect(linear.positions).toMatchObject({ scaling: { kind: 'linear', factor: 2 } });
  });

  it.each<[string, object, string]>([
    ['a missing field', { hidden_size: undefined }, 'at hidden_size'],
    ['a negative size', { num_hidden_layers: -1 }, 'at num_hidden_layers'],
    ['a string for a number', { vocab_size: '97' }, 'at vocab_size'],
    [
      'heads that do not divide',
      { num_key_value_heads: 3 },
      'num_key_value_heads is wrong, expected a divisor of num_attention_heads (4), received 3',
    ],
    [
      'an odd head size',
      { head_dim: 15 },
      'rotary dimensions is wrong, expected an even integer from 2 to head_dim (15), received 15',
    ],
    [
      'another activation',
      { hidden_act: 'quick_gelu' },
      'hidden_act is not supported, expected one of: silu, swish, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu, received "quick_gelu"',
    ],
    [
      'an unknown rope type',
      { rope_scaling: { rope_type: 'su' } },
      'rope_scaling.rope_type is not supported, expected one of: default, linear, dynamic, llama3, yarn, longrope, received "su"',
    ],
    [
      'a rope type without its factor',
      { rope_scaling: { rope_type: 'linear' } },
      'rope_scaling.factor is wrong, expected a positive number, received undefined',
    ],
    ['a quantized checkpoint', { quantization_config: { bits: 4 } }, 'quantization_config is not supported'],
    ['experts', { num_local_experts: 8 }, 'num_local_experts is not supported'],
  ])('refuses %s', (_, change, message) => {
    try {
      llama.parseConfig({ ...config, ...change }, 'some/config.json');
      expect.unreachable();
    } catch (error) {
      expect(BitcliffError.isInstance(error)).toBe(true);
      expect((error as Error).message).toContain(message);
      expect((error as Error).message).toContain('some/config.json');
    }
  });
});

describe('resolveArchitecture', () => {
  it('finds llama', () => {
    expect(resolveArchitecture(config, 'c')).toBe(llama);
  });

  it('lists what it knows for an unknown architecture', () => {
    expect(() => resolveArchitecture({ model_type: 'lama' }, 'some/config.json')).toThrow(
      'openCheckpoint: unknown architecture "lama", expected one of: bloom, cohere, gemma, gpt2, gpt_neox, llama, mistral, olmo, olmo2, opt, phi, qwen2, qwen3 (some/config.json). Did you mean "llama"?',
    );
    expect(() => resolveArchitecture({}, 'some/config.json')).toThrow(
      'config has no model_type, expected one of: bloom',
    );
  });
});
