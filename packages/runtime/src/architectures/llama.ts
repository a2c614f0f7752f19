/** @file Llama 1 to 3 (transformers `LlamaForCausalLM`, 4.57 and the 5.x spelling of the rotary fields). */
import { InvalidInputError, UnsupportedError } from '@bitcliff/core';
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import type { DecoderSpec, RotaryScaling } from '../decoder-spec.ts';

const count = z.int().min(1).max(1_000_000_000);

const rotarySchema = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: count.optional(),
});

const configSchema = z.looseObject({
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  vocab_size: count,
  max_position_embeddings: count,
  rms_norm_eps: z.number().positive(),
  hidden_act: z.string().default('silu'),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: rotarySchema.nullish(),
  rope_parameters: rotarySchema.nullish(),
  tie_word_embeddings: z.boolean().optional(),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  bos_token_id: z.int().nullish(),
  eos_token_id: z.union([z.int(), z.array(z.int())]).nullish(),
});

type Config = z.infer<typeof configSchema>;

/** Fields that change what the model computes and that this version does not do. */
const UNSUPPORTED_FIELDS = [
  'quantization_config',
  'num_local_experts',
  'num_experts',
  'sliding_window',
  'layer_types',
];

function parseConfig(raw: unknown, path: string): DecoderSpec {
  const parsed = configSchema.safeParse(raw);
  if (!parsed.success) {
    throw new InvalidInputError({
      op: 'llama config',
      problem: `a field is missing or wrong\n${z.prettifyError(parsed.error)}\n`,
      expected: 'the fields of a transformers LlamaConfig',
      path,
    });
  }
  const config = parsed.data;
  for (const field of UNSUPPORTED_FIELDS) {
    if (config[field] === undefined || config[field] === null) continue;
    throw unsupported(field, 'no such field', JSON.stringify(config[field]).slice(0, 80), path);
  }
  if (config.hidden_act !== 'silu') throw unsupported('hidden_act', '"silu"', `"${config.hidden_act}"`, path);

  const heads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads ?? heads;
  const headDim = config.head_dim ?? config.hidden_size / heads;
  if (heads % kvHeads !== 0) {
    throw wrongSize('num_key_value_heads', `a divisor of num_attention_heads (${heads})`, kvHeads, path);
  }
  if (!Number.isInteger(headDim) || headDim % 2 !== 0) {
    throw wrongSize(
      'head_dim',
      'an even integer (hidden_size / num_attention_heads unless given)',
      headDim,
      path,
    );
  }
  const eos = config.eos_token_id ?? [];
  return {
    architecture: 'llama',
    layers: config.num_hidden_layers,
    hiddenSize: config.hidden_size,
    vocabularySize: config.vocab_size,
    maxPositions: config.max_position_embeddings,
    norm: { kind: 'rms', epsilon: config.rms_norm_eps },
    attention: { heads, kvHeads, headDim, bias: config.attention_bias },
    positions: {
      kind: 'rotary',
      theta: config.rope_parameters?.rope_theta ?? config.rope_theta ?? 10000, // LlamaConfig's default
      scaling: rotaryScaling(config, path),
    },
    mlp: { kind: 'gatedSilu', intermediateSize: config.intermediate_size, bias: config.mlp_bias },
    tiedHead: config.tie_word_embeddings,
    bosTokenId: config.bos_token_id ?? undefined,
    eosTokenIds: typeof eos === 'number' ? [eos] : eos,
  };
}

function rotaryScaling(config: Config, path: string): RotaryScaling {
  const fields = config.rope_parameters ?? config.rope_scaling;
  const kind = fields?.rope_type ?? fields?.type ?? 'default';
  const need = (name: keyof z.infer<typeof rotarySchema>): number => {
    const value = fields?.[name];
    if (typeof value === 'number') return value;
    throw wrongSize(`rope_scaling.${name}`, 'a positive number', value, path);
  };
  switch (kind) {
    case 'default':
      return { kind: 'none' };
    case 'linear':
      return { kind: 'linear', factor: need('factor') };
    case 'llama3':
      return {
        kind: 'llama3',
        factor: need('factor'),
        lowFrequencyFactor: need('low_freq_factor'),
        highFrequencyFactor: need('high_freq_factor'),
        originalMaxPositions: need('original_max_position_embeddings'),
      };
    default:
      throw unsupported('rope_scaling.rope_type', 'one of: default, linear, llama3', `"${kind}"`, path);
  }
}

function unsupported(field: string, expected: string, received: string, path: string): UnsupportedError {
  return new UnsupportedError({
    op: 'llama config',
    problem: `${field} is not supported`,
    expected,
    received,
    path,
  });
}

function wrongSize(field: string, expected: string, received: unknown, path: string): InvalidInputError {
  return new InvalidInputError({
    op: 'llama config',
    problem: `${field} is wrong`,
    expected,
    received: String(received),
    path,
  });
}

/** Llama checkpoints. */
export const llama: Architecture = {
  modelType: 'llama',
  parseConfig,
  embedding: 'model.embed_tokens.weight',
  finalNorm: 'model.norm.weight',
  head: 'lm_head.weight',
  blockNorms: (layer) => ({
    attention: `model.layers.${layer}.input_layernorm.weight`,
    mlp: `model.layers.${layer}.post_attention_layernorm.weight`,
  }),
  blockLinears: (spec, layer) => {
    const { heads, kvHeads, headDim } = spec.attention;
    const { hiddenSize, mlp } = spec;
    const attention = { prefix: `model.layers.${layer}.self_attn.`, bias: spec.attention.bias };
    const feedForward = { prefix: `model.layers.${layer}.mlp.`, bias: mlp.bias };
    const linear = (
      place: 'q' | 'k' | 'v' | 'attnOut' | 'gate' | 'up' | 'down',
      role: 'attn.qkv' | 'attn.out' | 'mlp.up' | 'mlp.down',
      parent: { prefix: string; bias: boolean },
      name: string,
      [inFeatures, outFeatures]: [number, number],
    ) => ({
      place,
      role,
      weight: `${parent.prefix}${name}.weight`,
      bias: parent.bias ? `${parent.prefix}${name}.bias` : null,
      inFeatures,
      outFeatures,
    });
    return [
      linear('q', 'attn.qkv', attention, 'q_proj', [hiddenSize, heads * headDim]),
      linear('k', 'attn.qkv', attention, 'k_proj', [hiddenSize, kvHeads * headDim]),
      linear('v', 'attn.qkv', attention, 'v_proj', [hiddenSize, kvHeads * headDim]),
      linear('attnOut', 'attn.out', attention, 'o_proj', [heads * headDim, hiddenSize]),
      linear('gate', 'mlp.up', feedForward, 'gate_proj', [hiddenSize, mlp.intermediateSize]),
      linear('up', 'mlp.up', feedForward, 'up_proj', [hiddenSize, mlp.intermediateSize]),
      linear('down', 'mlp.down', feedForward, 'down_proj', [mlp.intermediateSize, hiddenSize]),
    ];
  },
};
