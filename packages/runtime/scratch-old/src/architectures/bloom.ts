/** @file BLOOM (transformers `BloomForCausalLM`): ALiBi, a norm behind the embedding, fused qkv by head, tied head. */

import { InvalidInputError } from '@bitcliff/core';
import { z } from 'zod';
import type { Architecture } from '../architecture.ts';
import { fusedQkv, linear, normTensors, PLAIN_EMBEDDING } from './block-layout.ts';
import { layerCount, readConfig, readHeads, readTokens, requireValue, size } from './config-fields.ts';

const DEFAULT_POSITIONS = 2048; // ALiBi has no table; seq_length of the published configs

const fields = {
  hidden_size: size.nullish(),
  n_embed: size.nullish(),
  n_layer: layerCount,
  n_head: size.nullish(),
  num_attention_heads: size.nullish(),
  vocab_size: size,
  seq_length: size.nullish(),
  layer_norm_epsilon: z.number().positive(),
  apply_residual_connection_post_layernorm: z.boolean().default(false),
};

/** BLOOM checkpoints. */
export const bloom: Architecture = {
  modelType: 'bloom',
  parseConfig(raw, path) {
    const config = readConfig('bloom', fields, raw, path);
    requireValue(
      'bloom',
      'apply_residual_connection_post_layernorm',
      config.apply_residual_connection_post_layernorm,
      [false],
      path,
    );
    const hiddenSize = config.hidden_size ?? config.n_embed;
    const heads = config.n_head ?? config.num_attention_heads;
    if (!hiddenSize || !heads) {
      throw new InvalidInputError({
        op: 'bloom config',
        problem: 'a size is missing',
        expected: 'hidden_size or n_embed, and n_head or num_attention_heads',
        path,
      });
    }
    const { tied, ...tokens } = readTokens(config, true);
    return {
      architecture: 'bloom',
      layers: config.n_layer,
      hiddenSize,
      vocabularySize: config.vocab_size,
      maxPositions: config.seq_length ?? DEFAULT_POSITIONS,
      embedding: { width: hiddenSize, scale: 1 },
      norm: { kind: 'layer', epsilon: config.layer_norm_epsilon, unitOffset: false },
      wiring: 'sequential',
      attention: {
        ...readHeads('bloom', { hiddenSize, heads }, path),
        clip: null,
        qkNorm: 'none',
        windows: new Array(config.n_layer).fill(null),
      },
      positions: { kind: 'alibi' },
      mlp: { kind: 'plain', activation: 'geluTanh', intermediateSize: 4 * hiddenSize },
      head: { tied, logitScale: 1 },
      ...tokens,
    };
  },
  tensors(spec, has) {
    const root = has('transformer.word_embeddings.weight') ? 'transformer.' : '';
    return {
      embedding: `${root}word_embeddings.weight`,
      ...PLAIN_EMBEDDING,
      embeddingNorm: normTensors(`${root}word_embeddings_layernorm`, true),
      finalNorm: normTensors(`${root}ln_f`, true),
      head: { weight: 'lm_head.weight', bias: null },
      block: (layer) => {
        const prefix = `${root}h.${layer}`;
        return {
          attentionNorm: normTensors(`${prefix}.input_layernorm`, true),
          mlpNorm: normTensors(`${prefix}.post_attention_layernorm`, true),
          qNorm: null,
          kNorm: null,
          linears: [
            ...fusedQkv(spec, `${prefix}.self_attention.query_key_value`, 'perHead', { bias: true }),
            linear(spec, 'attnOut', `${prefix}.self_attention.dense`, true),
            linear(spec, 'up', `${prefix}.mlp.dense_h_to_4h`, true),
            linear(spec, 'down', `${prefix}.mlp.dense_4h_to_h`, true),
          ],
        };
      },
    };
  },
};
