/** @file Config fields and layout that Llama and its relatives (Mistral, OLMo, Qwen, Cohere, Gemma) share. */
import { z } from 'zod';
import type { BlockTensors, ModelTensors, NormTensors } from '../architecture.ts';
import type { DecoderSpec, NormSpec } from '../decoder-spec.ts';
import { linear, normTensors, PLAIN_EMBEDDING } from './block-layout.ts';
import {
  type CommonFields,
  layerCount,
  type RotaryShape,
  readActivation,
  readHeads,
  readRotary,
  readTokens,
  rotaryDims,
  rotaryFields,
  size,
} from './config-fields.ts';

type OptionalSize = z.ZodOptional<z.ZodNullable<z.ZodInt>>;

/** zod shape of the shared fields. */
export interface LlamaShape extends RotaryShape {
  hidden_size: z.ZodInt;
  intermediate_size: z.ZodInt;
  num_hidden_layers: z.ZodInt;
  num_attention_heads: z.ZodInt;
  num_key_value_heads: OptionalSize;
  head_dim: OptionalSize;
  vocab_size: z.ZodInt;
  max_position_embeddings: z.ZodInt;
  hidden_act: z.ZodDefault<z.ZodString>;
}

/** The shared fields, checked. */
export type LlamaConfig = z.infer<z.ZodObject<{ [K in keyof LlamaShape]: LlamaShape[K] }>> & CommonFields;

export const llamaFields: LlamaShape = {
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  vocab_size: size,
  max_position_embeddings: size,
  hidden_act: z.string().default('silu'),
  ...rotaryFields,
};

/** What a relative of Llama does differently. */
export interface FamilyOptions {
  readonly norm: NormSpec;
  readonly wiring?: DecoderSpec['wiring'];
  readonly clip?: number | null;
  readonly qkNorm?: DecoderSpec['attention']['qkNorm'];
  readonly windows?: readonly (number | null)[];
  readonly interleaved?: boolean;
  readonly embeddingScale?: number;
  readonly logitScale?: number;
  readonly tiedByDefault?: boolean;
  /** Activation of the MLP where it is not `hidden_act`. */
  readonly activation?: string;
}

/** The spec of a relative of Llama: rotary positions, gated MLP, RMSNorm or LayerNorm. */
export function llamaFamilySpec(
  architecture: string,
  config: LlamaConfig,
  path: string,
  options: FamilyOptions,
): DecoderSpec {
  const layers = config.num_hidden_layers;
  const heads = readHeads(
    architecture,
    {
      hiddenSize: config.hidden_size,
      heads: config.num_attention_heads,
      kvHeads: config.num_key_value_heads,
      headDim: config.head_dim,
    },
    path,
  );
  const { theta, scaling } = readRotary(architecture, config, 10000, path); // every config class of the family has this default
  const { tied, ...tokens } = readTokens(config, options.tiedByDefault);
  return {
    architecture,
    layers,
    hiddenSize: config.hidden_size,
    vocabularySize: config.vocab_size,
    maxPositions: config.max_position_embeddings,
    embedding: { width: config.hidden_size, scale: options.embeddingScale ?? 1 },
    norm: options.norm,
    wiring: options.wiring ?? 'sequential',
    attention: {
      ...heads,
      clip: options.clip ?? null,
      qkNorm: options.qkNorm ?? 'none',
      windows: options.windows ?? new Array(layers).fill(null),
    },
    positions: {
      kind: 'rotary',
      theta,
      scaling,
      dims: rotaryDims(architecture, heads.headDim, 1, path),
      interleaved: options.interleaved ?? false,
    },
    mlp: {
      kind: 'gated',
      activation: readActivation(architecture, 'hidden_act', options.activation ?? config.hidden_act, path),
      intermediateSize: config.intermediate_size,
    },
    head: { tied, logitScale: options.logitScale ?? 1 },
    ...tokens,
  };
}

/** Which linear layers have biases, and the norms of a block by the end of their names; `null` has no tensors. */
export interface FamilyTensors {
  readonly bias?: { qkv?: boolean; out?: boolean; mlp?: boolean };
  readonly attentionNorm: NormTensors | string;
  readonly mlpNorm: NormTensors | string | null;
  readonly finalNorm?: NormTensors;
}

/** Tensors as Llama and its relatives name them: `model.layers.N.self_attn.{q,k,v,o}_proj`, `mlp.{gate,up,down}_proj`. */
export function llamaFamilyTensors(spec: DecoderSpec, options: FamilyTensors): ModelTensors {
  const { bias = {} } = options;
  const block = (layer: number): BlockTensors => {
    const prefix = `model.layers.${layer}`;
    const attention = `${prefix}.self_attn`;
    const norm = (name: NormTensors | string): NormTensors =>
      typeof name === 'string' ? normTensors(`${prefix}.${name}`, false) : name;
    const hasQkNorm = spec.attention.qkNorm !== 'none';
    return {
      attentionNorm: norm(options.attentionNorm),
      mlpNorm: options.mlpNorm === null ? null : norm(options.mlpNorm),
      qNorm: hasQkNorm ? `${attention}.q_norm.weight` : null,
      kNorm: hasQkNorm ? `${attention}.k_norm.weight` : null,
      linears: [
        linear(spec, 'q', `${attention}.q_proj`, bias.qkv ?? false),
        linear(spec, 'k', `${attention}.k_proj`, bias.qkv ?? false),
        linear(spec, 'v', `${attention}.v_proj`, bias.qkv ?? false),
        linear(spec, 'attnOut', `${attention}.o_proj`, bias.out ?? false),
        linear(spec, 'gate', `${prefix}.mlp.gate_proj`, bias.mlp ?? false),
        linear(spec, 'up', `${prefix}.mlp.up_proj`, bias.mlp ?? false),
        linear(spec, 'down', `${prefix}.mlp.down_proj`, bias.mlp ?? false),
      ],
    };
  };
  return {
    embedding: 'model.embed_tokens.weight',
    ...PLAIN_EMBEDDING,
    finalNorm: options.finalNorm ?? normTensors('model.norm', false),
    head: { weight: 'lm_head.weight', bias: null },
    block,
  };
}
