/** @file OLMo 2 (transformers `Olmo2ForCausalLM`): norms behind attention and MLP, RMSNorm over whole q and k. */
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import { readConfig, requireValue } from './config-fields.ts';
import { llamaFamilySpec, llamaFamilyTensors, llamaFields } from './llama-family.ts';

const fields = {
  ...llamaFields,
  rms_norm_eps: z.number().positive(),
  attention_bias: z.boolean().default(false),
};

/** OLMo 2 checkpoints. */
export const olmo2: Architecture = {
  modelType: 'olmo2',
  parseConfig(raw, path) {
    const config = readConfig('olmo2', fields, raw, path);
    requireValue('olmo2', 'attention_bias', config.attention_bias, [false], path);
    return llamaFamilySpec('olmo2', config, path, {
      norm: { kind: 'rms', epsilon: config.rms_norm_eps, unitOffset: false },
      wiring: 'outputNorm',
      qkNorm: 'whole',
    });
  },
  tensors: (spec) =>
    llamaFamilyTensors(spec, {
      attentionNorm: 'post_attention_layernorm',
      mlpNorm: 'post_feedforward_layernorm',
    }),
};
