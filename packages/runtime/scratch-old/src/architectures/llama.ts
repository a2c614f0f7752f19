/** @file Llama 1 to 3 (transformers `LlamaForCausalLM`, 4.57 and the 5.x spelling of the rotary fields). */
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import { readConfig } from './config-fields.ts';
import { llamaFamilySpec, llamaFamilyTensors, llamaFields } from './llama-family.ts';

const fields = { ...llamaFields, rms_norm_eps: z.number().positive() };

/** Llama checkpoints. */
export const llama: Architecture = {
  modelType: 'llama',
  parseConfig(raw, path) {
    const config = readConfig('llama', fields, raw, path);
    return llamaFamilySpec('llama', config, path, {
      norm: { kind: 'rms', epsilon: config.rms_norm_eps, unitOffset: false },
    });
  },
  tensors(spec, has) {
    // attention_bias and mlp_bias of config.json say the same as the tensors that are there
    const attention = has('model.layers.0.self_attn.q_proj.bias');
    return llamaFamilyTensors(spec, {
      bias: { qkv: attention, out: attention, mlp: has('model.layers.0.mlp.up_proj.bias') },
      attentionNorm: 'input_layernorm',
      mlpNorm: 'post_attention_layernorm',
    });
  },
};
