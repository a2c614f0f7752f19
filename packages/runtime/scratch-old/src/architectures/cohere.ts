/** @file Cohere Command-R (transformers `CohereForCausalLM`): one LayerNorm before attention and MLP in parallel, interleaved rotary pairs. */
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import { readConfig } from './config-fields.ts';
import { llamaFamilySpec, llamaFamilyTensors, llamaFields } from './llama-family.ts';

const fields = {
  ...llamaFields,
  layer_norm_eps: z.number().positive(),
  logit_scale: z.number().positive(),
  use_qk_norm: z.boolean().default(false),
};

/** Command-R checkpoints. */
export const cohere: Architecture = {
  modelType: 'cohere',
  parseConfig(raw, path) {
    const config = readConfig('cohere', fields, raw, path);
    return llamaFamilySpec('cohere', config, path, {
      norm: { kind: 'layer', epsilon: config.layer_norm_eps, unitOffset: false },
      wiring: 'parallelSharedNorm',
      qkNorm: config.use_qk_norm ? 'perHeadGain' : 'none',
      interleaved: true,
      logitScale: config.logit_scale,
      tiedByDefault: true,
    });
  },
  tensors(spec, has) {
    const attention = has('model.layers.0.self_attn.q_proj.bias');
    return llamaFamilyTensors(spec, {
      bias: { qkv: attention, out: attention },
      attentionNorm: 'input_layernorm',
      mlpNorm: null,
    });
  },
};
