/** @file Qwen 2 and 2.5 (transformers `Qwen2ForCausalLM`): biases on q, k and v; a sliding window from layer `max_window_layers` on. */
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import { readConfig, size } from './config-fields.ts';
import { llamaFamilySpec, llamaFamilyTensors, llamaFields } from './llama-family.ts';

const fields = {
  ...llamaFields,
  rms_norm_eps: z.number().positive(),
  use_sliding_window: z.boolean().default(false),
  sliding_window: size.nullish(),
  max_window_layers: z.int().min(0).default(28), // Qwen2Config
};

/** Qwen 2 checkpoints. */
export const qwen2: Architecture = {
  modelType: 'qwen2',
  parseConfig(raw, path) {
    const config = readConfig('qwen2', fields, raw, path);
    const window = config.use_sliding_window ? (config.sliding_window ?? null) : null;
    return llamaFamilySpec('qwen2', config, path, {
      norm: { kind: 'rms', epsilon: config.rms_norm_eps, unitOffset: false },
      windows: Array.from({ length: config.num_hidden_layers }, (_, layer) =>
        layer >= config.max_window_layers ? window : null,
      ),
    });
  },
  tensors: (spec) =>
    llamaFamilyTensors(spec, {
      bias: { qkv: true },
      attentionNorm: 'input_layernorm',
      mlpNorm: 'post_attention_layernorm',
    }),
};
