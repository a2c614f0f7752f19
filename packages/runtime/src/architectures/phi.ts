/** @file Phi 1, 1.5 and 2 (transformers `PhiForCausalLM`): one LayerNorm before attention and MLP in parallel, partial rotary, biases everywhere. */
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import { linear, normTensors, PLAIN_EMBEDDING } from './block-layout.ts';
import {
  layerCount,
  readActivation,
  readConfig,
  readHeads,
  readRotary,
  readTokens,
  requireValue,
  rotaryDims,
  rotaryFields,
  size,
} from './config-fields.ts';

const fields = {
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  vocab_size: size,
  max_position_embeddings: size,
  layer_norm_eps: z.number().positive(),
  hidden_act: z.string().default('gelu_new'),
  partial_rotary_factor: z.number().positive().max(1).default(0.5), // PhiConfig
  qk_layernorm: z.boolean().default(false),
  ...rotaryFields,
};

/** Phi checkpoints. */
export const phi: Architecture = {
  modelType: 'phi',
  parseConfig(raw, path) {
    const config = readConfig('phi', fields, raw, path);
    requireValue('phi', 'qk_layernorm', config.qk_layernorm, [false], path);
    const heads = readHeads(
      'phi',
      {
        hiddenSize: config.hidden_size,
        heads: config.num_attention_heads,
        kvHeads: config.num_key_value_heads,
      },
      path,
    );
    const dims = rotaryDims('phi', heads.headDim, config.partial_rotary_factor, path);
    const { theta, scaling } = readRotary('phi', config, { theta: 10000, dims }, path);
    const { tied, ...tokens } = readTokens(config, false);
    return {
      architecture: 'phi',
      layers: config.num_hidden_layers,
      hiddenSize: config.hidden_size,
      vocabularySize: config.vocab_size,
      maxPositions: config.max_position_embeddings,
      embedding: { width: config.hidden_size, scale: 1 },
      norm: { kind: 'layer', epsilon: config.layer_norm_eps, unitOffset: false },
      wiring: 'parallelSharedNorm',
      attention: {
        ...heads,
        clip: null,
        qkNorm: 'none',
        windows: new Array(config.num_hidden_layers).fill(null),
      },
      positions: {
        kind: 'rotary',
        theta,
        scaling,
        dims,
        interleaved: false,
      },
      mlp: {
        kind: 'plain',
        activation: readActivation('phi', 'hidden_act', config.hidden_act, path),
        intermediateSize: config.intermediate_size,
      },
      head: { tied, logitScale: 1 },
      ...tokens,
    };
  },
  tensors(spec) {
    return {
      embedding: 'model.embed_tokens.weight',
      ...PLAIN_EMBEDDING,
      finalNorm: normTensors('model.final_layernorm', true),
      head: { weight: 'lm_head.weight', bias: 'lm_head.bias' },
      block: (layer) => {
        const prefix = `model.layers.${layer}`;
        return {
          attentionNorm: normTensors(`${prefix}.input_layernorm`, true),
          mlpNorm: null,
          qNorm: null,
          kNorm: null,
          linears: [
            linear(spec, 'q', `${prefix}.self_attn.q_proj`, true),
            linear(spec, 'k', `${prefix}.self_attn.k_proj`, true),
            linear(spec, 'v', `${prefix}.self_attn.v_proj`, true),
            linear(spec, 'attnOut', `${prefix}.self_attn.dense`, true),
            linear(spec, 'up', `${prefix}.mlp.fc1`, true),
            linear(spec, 'down', `${prefix}.mlp.fc2`, true),
          ],
        };
      },
    };
  },
};
