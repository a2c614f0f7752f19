/** @file OPT (transformers `OPTForCausalLM`): learned positions at row position + 2, ReLU; the 350M model has norms behind the sums and a narrow embedding. */
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import { linear, normTensors } from './block-layout.ts';
import {
  layerCount,
  readActivation,
  readConfig,
  readHeads,
  readTokens,
  requireValue,
  size,
} from './config-fields.ts';

const EPSILON = 1e-5; // torch.nn.LayerNorm's default, which OPT takes
const POSITION_OFFSET = 2; // OPTLearnedPositionalEmbedding

const fields = {
  hidden_size: size,
  ffn_dim: size,
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  vocab_size: size,
  max_position_embeddings: size,
  word_embed_proj_dim: size.nullish(),
  activation_function: z.string().default('relu'),
  do_layer_norm_before: z.boolean().default(true),
  enable_bias: z.boolean().default(true),
  layer_norm_elementwise_affine: z.boolean().default(true),
  _remove_final_layer_norm: z.boolean().default(false),
};

/** OPT checkpoints. */
export const opt: Architecture = {
  modelType: 'opt',
  parseConfig(raw, path) {
    const config = readConfig('opt', fields, raw, path);
    requireValue('opt', 'enable_bias', config.enable_bias, [true], path);
    requireValue('opt', 'layer_norm_elementwise_affine', config.layer_norm_elementwise_affine, [true], path);
    requireValue('opt', '_remove_final_layer_norm', config._remove_final_layer_norm, [false], path);
    const { tied, ...tokens } = readTokens(config, true);
    return {
      architecture: 'opt',
      layers: config.num_hidden_layers,
      hiddenSize: config.hidden_size,
      vocabularySize: config.vocab_size,
      maxPositions: config.max_position_embeddings,
      embedding: { width: config.word_embed_proj_dim ?? config.hidden_size, scale: 1 },
      norm: { kind: 'layer', epsilon: EPSILON, unitOffset: false },
      wiring: config.do_layer_norm_before ? 'sequential' : 'postNorm',
      attention: {
        ...readHeads('opt', { hiddenSize: config.hidden_size, heads: config.num_attention_heads }, path),
        clip: null,
        qkNorm: 'none',
        windows: new Array(config.num_hidden_layers).fill(null),
      },
      positions: { kind: 'learned', offset: POSITION_OFFSET },
      mlp: {
        kind: 'plain',
        activation: readActivation('opt', 'activation_function', config.activation_function, path),
        intermediateSize: config.ffn_dim,
      },
      head: { tied, logitScale: 1 },
      ...tokens,
    };
  },
  tensors(spec, has) {
    const root = has('model.decoder.embed_tokens.weight') ? 'model.decoder.' : 'decoder.';
    const projected = spec.embedding.width !== spec.hiddenSize;
    return {
      embedding: `${root}embed_tokens.weight`,
      positions: `${root}embed_positions.weight`,
      embeddingNorm: null,
      projectIn: projected ? `${root}project_in.weight` : null,
      projectOut: projected ? `${root}project_out.weight` : null,
      finalNorm: spec.wiring === 'postNorm' ? null : normTensors(`${root}final_layer_norm`, true),
      head: { weight: 'lm_head.weight', bias: null },
      block: (layer) => {
        const prefix = `${root}layers.${layer}`;
        return {
          attentionNorm: normTensors(`${prefix}.self_attn_layer_norm`, true),
          mlpNorm: normTensors(`${prefix}.final_layer_norm`, true),
          qNorm: null,
          kNorm: null,
          linears: [
            linear(spec, 'q', `${prefix}.self_attn.q_proj`, true),
            linear(spec, 'k', `${prefix}.self_attn.k_proj`, true),
            linear(spec, 'v', `${prefix}.self_attn.v_proj`, true),
            linear(spec, 'attnOut', `${prefix}.self_attn.out_proj`, true),
            linear(spec, 'up', `${prefix}.fc1`, true),
            linear(spec, 'down', `${prefix}.fc2`, true),
          ],
        };
      },
    };
  },
};
