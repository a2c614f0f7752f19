/** @file OLMo (transformers `OlmoForCausalLM`): LayerNorm without gain or bias, q, k and v clamped where `clip_qkv` is set. */
import { z } from 'zod';
import type { Architecture, NormTensors } from '../architecture.ts';
import { readConfig, requireValue } from './config-fields.ts';
import { llamaFamilySpec, llamaFamilyTensors, llamaFields } from './llama-family.ts';

const fields = {
  ...llamaFields,
  clip_qkv: z.number().positive().nullish(),
  attention_bias: z.boolean().default(false),
};
const EPSILON = 1e-5; // OlmoLayerNorm
const NO_TENSORS: NormTensors = { gain: null, bias: null };

/** OLMo checkpoints. */
export const olmo: Architecture = {
  modelType: 'olmo',
  parseConfig(raw, path) {
    const config = readConfig('olmo', fields, raw, path);
    requireValue('olmo', 'attention_bias', config.attention_bias, [false], path);
    return llamaFamilySpec('olmo', config, path, {
      norm: { kind: 'layer', epsilon: EPSILON, unitOffset: false },
      clip: config.clip_qkv ?? null,
    });
  },
  tensors: (spec) =>
    llamaFamilyTensors(spec, { attentionNorm: NO_TENSORS, mlpNorm: NO_TENSORS, finalNorm: NO_TENSORS }),
};
