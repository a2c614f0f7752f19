/** @file Qwen 3 (transformers `Qwen3ForCausalLM`): RMSNorm over each head of q and k, no biases unless `attention_bias`. */
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import { readConfig, requireValue } from './config-fields.ts';
import { llamaFamilySpec, llamaFamilyTensors, llamaFields } from './llama-family.ts';

const fields = {
  ...llamaFields,
  rms_norm_eps: z.number().positive(),
  use_sliding_window: z.boolean().default(false),
};

/** Qwen 3 checkpoints. */
export const qwen3: Architecture = {
  modelType: 'qwen3',
  parseConfig(raw, path) {
    const config = readConfig('qwen3', fields, raw, path);
    requireValue('qwen3', 'use_sliding_window', config.use_sliding_window, [false], path);
    return llamaFamilySpec('qwen3', config, path, {
      norm: { kind: 'rms', epsilon: config.rms_norm_eps, unitOffset: false },
      qkNorm: 'perHead',
    });
  },
  tensors(spec, has) {
    const attention = has('model.layers.0.self_attn.q_proj.bias');
    return llamaFamilyTensors(spec, {
      bias: { qkv: attention, out: attention },
      attentionNorm: 'input_layernorm',
      mlpNorm: 'post_attention_layernorm',
    });
  },
};
