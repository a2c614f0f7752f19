/** @file GPT-NeoX and Pythia (transformers `GPTNeoXForCausalLM`): parallel residual, partial rotary, fused qkv by head. */
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import { fusedQkv, linear, normTensors, PLAIN_EMBEDDING } from './block-layout.ts';
import {
  layerCount,
  readActivation,
  readConfig,
  readHeads,
  readRotary,
  readTokens,
  rotaryDims,
  rotaryFields,
  size,
} from './config-fields.ts';

const fields = {
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  vocab_size: size,
  max_position_embeddings: size,
  layer_norm_eps: z.number().positive(),
  hidden_act: z.string().default('gelu'),
  rotary_pct: z.number().positive().max(1).nullish(),
  partial_rotary_factor: z.number().positive().max(1).nullish(),
  rotary_emb_base: z.number().positive().nullish(),
  use_parallel_residual: z.boolean().default(true),
  ...rotaryFields,
};

/** GPT-NeoX checkpoints. */
export const gptNeox: Architecture = {
  modelType: 'gpt_neox',
  parseConfig(raw, path) {
    const config = readConfig('gpt_neox', fields, raw, path);
    const heads = readHeads(
      'gpt_neox',
      { hiddenSize: config.hidden_size, heads: config.num_attention_heads },
      path,
    );
    const share = config.rotary_pct ?? config.partial_rotary_factor ?? 0.25; // GPTNeoXConfig
    const { theta, scaling } = readRotary('gpt_neox', config, config.rotary_emb_base ?? 10000, path);
    const { tied, ...tokens } = readTokens(config, false);
    return {
      architecture: 'gpt_neox',
      layers: config.num_hidden_layers,
      hiddenSize: config.hidden_size,
      vocabularySize: config.vocab_size,
      maxPositions: config.max_position_embeddings,
      embedding: { width: config.hidden_size, scale: 1 },
      norm: { kind: 'layer', epsilon: config.layer_norm_eps, unitOffset: false },
      wiring: config.use_parallel_residual ? 'parallel' : 'sequential',
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
        dims: rotaryDims('gpt_neox', heads.headDim, share, path),
        interleaved: false,
      },
      mlp: {
        kind: 'plain',
        activation: readActivation('gpt_neox', 'hidden_act', config.hidden_act, path),
        intermediateSize: config.intermediate_size,
      },
      head: { tied, logitScale: 1 },
      ...tokens,
    };
  },
  tensors(spec, has) {
    const root = has('gpt_neox.embed_in.weight') ? 'gpt_neox.' : '';
    const bias = has(`${root}layers.0.attention.dense.bias`); // attention_bias
    return {
      embedding: `${root}embed_in.weight`,
      ...PLAIN_EMBEDDING,
      finalNorm: normTensors(`${root}final_layer_norm`, true),
      head: { weight: 'embed_out.weight', bias: null },
      block: (layer) => {
        const prefix = `${root}layers.${layer}`;
        return {
          attentionNorm: normTensors(`${prefix}.input_layernorm`, true),
          mlpNorm: normTensors(`${prefix}.post_attention_layernorm`, true),
          qNorm: null,
          kNorm: null,
          linears: [
            ...fusedQkv(spec, `${prefix}.attention.query_key_value`, 'perHead', { bias }),
            linear(spec, 'attnOut', `${prefix}.attention.dense`, bias),
            linear(spec, 'up', `${prefix}.mlp.dense_h_to_4h`, true),
            linear(spec, 'down', `${prefix}.mlp.dense_4h_to_h`, true),
          ],
        };
      },
    };
  },
};
