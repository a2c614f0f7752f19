/** @file Mistral (transformers `MistralForCausalLM`): Llama with a sliding window in every layer. */
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import { readConfig, size } from './config-fields.ts';
import { llamaFamilySpec, llamaFamilyTensors, llamaFields } from './llama-family.ts';

const fields = { ...llamaFields, rms_norm_eps: z.number().positive(), sliding_window: size.nullish() };

/** Mistral checkpoints. */
export const mistral: Architecture = {
  modelType: 'mistral',
  parseConfig(raw, path) {
    const config = readConfig('mistral', fields, raw, path);
    return llamaFamilySpec('mistral', config, path, {
      norm: { kind: 'rms', epsilon: config.rms_norm_eps, unitOffset: false },
      windows: new Array(config.num_hidden_layers).fill(config.sliding_window ?? null),
    });
  },
  tensors: (spec) =>
    llamaFamilyTensors(spec, { attentionNorm: 'input_layernorm', mlpNorm: 'post_attention_layernorm' }),
};
