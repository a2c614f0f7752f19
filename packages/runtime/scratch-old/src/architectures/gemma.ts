/** @file Gemma 1 (transformers `GemmaForCausalLM`): RMSNorm gains stored minus one, embeddings times the root of the hidden size. */
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import { readConfig, requireValue } from './config-fields.ts';
import { llamaFamilySpec, llamaFamilyTensors, llamaFields } from './llama-family.ts';

const fields = {
  ...llamaFields,
  rms_norm_eps: z.number().positive(),
  hidden_activation: z.string().nullish(),
  attention_bias: z.boolean().default(false),
};

/** Gemma checkpoints. */
export const gemma: Architecture = {
  modelType: 'gemma',
  parseConfig(raw, path) {
    const config = readConfig('gemma', fields, raw, path);
    requireValue('gemma', 'attention_bias', config.attention_bias, [false], path);
    return llamaFamilySpec('gemma', config, path, {
      norm: { kind: 'rms', epsilon: config.rms_norm_eps, unitOffset: true },
      embeddingScale: Math.sqrt(config.hidden_size),
      // transformers takes the tanh approximation where hidden_activation is not set, whatever hidden_act says
      activation: config.hidden_activation ?? 'gelu_pytorch_tanh',
      tiedByDefault: true,
    });
  },
  tensors: (spec) =>
    llamaFamilyTensors(spec, { attentionNorm: 'input_layernorm', mlpNorm: 'post_attention_layernorm' }),
};
