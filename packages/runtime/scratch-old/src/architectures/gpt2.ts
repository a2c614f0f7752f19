/** @file GPT-2 (transformers `GPT2LMHeadModel`): Conv1D weights [in, out], learned positions, tied head; names with and without `transformer.`. */
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import { fusedQkv, linear, normTensors, PLAIN_EMBEDDING } from './block-layout.ts';
import {
  layerCount,
  readActivation,
  readConfig,
  readHeads,
  readTokens,
  requireValue,
  size,
} from './config-fields.ts';

const fields = {
  n_embd: size,
  n_head: size,
  n_layer: layerCount,
  n_positions: size,
  n_inner: size.nullish(),
  vocab_size: size,
  layer_norm_epsilon: z.number().positive(),
  activation_function: z.string().default('gelu_new'),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
};

/** GPT-2 checkpoints. */
export const gpt2: Architecture = {
  modelType: 'gpt2',
  parseConfig(raw, path) {
    const config = readConfig('gpt2', fields, raw, path);
    requireValue('gpt2', 'scale_attn_weights', config.scale_attn_weights, [true], path);
    requireValue(
      'gpt2',
      'scale_attn_by_inverse_layer_idx',
      config.scale_attn_by_inverse_layer_idx,
      [false],
      path,
    );
    requireValue('gpt2', 'add_cross_attention', config.add_cross_attention, [false], path);
    const { tied, ...tokens } = readTokens(config, true);
    return {
      architecture: 'gpt2',
      layers: config.n_layer,
      hiddenSize: config.n_embd,
      vocabularySize: config.vocab_size,
      maxPositions: config.n_positions,
      embedding: { width: config.n_embd, scale: 1 },
      norm: { kind: 'layer', epsilon: config.layer_norm_epsilon, unitOffset: false },
      wiring: 'sequential',
      attention: {
        ...readHeads('gpt2', { hiddenSize: config.n_embd, heads: config.n_head }, path),
        clip: null,
        qkNorm: 'none',
        windows: new Array(config.n_layer).fill(null),
      },
      positions: { kind: 'learned', offset: 0 },
      mlp: {
        kind: 'plain',
        activation: readActivation('gpt2', 'activation_function', config.activation_function, path),
        intermediateSize: config.n_inner ?? 4 * config.n_embd,
      },
      head: { tied, logitScale: 1 },
      ...tokens,
    };
  },
  tensors(spec, has) {
    const root = has('transformer.wte.weight') ? 'transformer.' : '';
    const conv = { layout: 'inOut', bias: true } as const;
    return {
      embedding: `${root}wte.weight`,
      ...PLAIN_EMBEDDING,
      positions: `${root}wpe.weight`,
      finalNorm: normTensors(`${root}ln_f`, true),
      head: { weight: 'lm_head.weight', bias: null },
      block: (layer) => {
        const prefix = `${root}h.${layer}`;
        return {
          attentionNorm: normTensors(`${prefix}.ln_1`, true),
          mlpNorm: normTensors(`${prefix}.ln_2`, true),
          qNorm: null,
          kNorm: null,
          linears: [
            ...fusedQkv(spec, `${prefix}.attn.c_attn`, 'blocks', conv),
            linear(spec, 'attnOut', `${prefix}.attn.c_proj`, true, conv),
            linear(spec, 'up', `${prefix}.mlp.c_fc`, true, conv),
            linear(spec, 'down', `${prefix}.mlp.c_proj`, true, conv),
          ],
        };
      },
    };
  },
};
