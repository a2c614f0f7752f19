/** @file The config.json that a GGUF file stands for, from its metadata: architectures then read both kinds of checkpoint in one way. */
import type { GgufFile } from '@bitcliff/formats';
import { ggufNumber } from '@bitcliff/formats';
import type { GgufFamily } from './gguf-families.ts';
import { type GgufFields, ggufFields } from './gguf-fields.ts';

/**
 * Fields of config.json, with the names that the family's architecture reads.
 * @throws {UnsupportedError} for a key that asks for something this version does not do  @throws {FormatError} for one that is missing or wrong
 */
export function ggufConfig(file: GgufFile, family: GgufFamily): Record<string, unknown> {
  const fields = ggufFields(file, family);
  const vocabularySize =
    fields.optionalNumber('vocab_size') ??
    (file.has('token_embd.weight') ? file.info('token_embd.weight').shape[0] : undefined);
  const common = {
    model_type: family.modelType,
    vocab_size: vocabularySize,
    bos_token_id: ggufNumber(file.fields, 'tokenizer.ggml.bos_token_id', file.name),
    eos_token_id: ggufNumber(file.fields, 'tokenizer.ggml.eos_token_id', file.name),
    tie_word_embeddings: !file.has('output.weight'),
  };
  const epsilon = fields.optionalFloat(family.epsilonKey);
  if (family.architecture === 'gpt2') {
    return {
      ...common,
      n_embd: fields.number('embedding_length'),
      n_head: fields.number('attention.head_count'),
      n_layer: fields.number('block_count'),
      n_positions: fields.number('context_length'),
      n_inner: fields.number('feed_forward_length'),
      layer_norm_epsilon: epsilon,
    };
  }
  const hiddenSize = fields.number('embedding_length');
  const heads = fields.number('attention.head_count');
  const config = {
    ...common,
    hidden_size: hiddenSize,
    intermediate_size: fields.number('feed_forward_length'),
    num_hidden_layers: fields.number('block_count'),
    num_attention_heads: heads,
    max_position_embeddings: fields.number('context_length'),
    rope_theta: fields.optionalFloat('rope.freq_base') ?? 10000, // llama.cpp, rope_freq_base_train
    rope_scaling: ropeScaling(fields),
  };
  const rotated = fields.optionalNumber('rope.dimension_count');
  if (family.architecture === 'gptneox') {
    const headDim = hiddenSize / heads;
    // half a feature more: the product with headDim is rounded down, and must not fall below the integer
    const share = Math.min(1, ((rotated ?? headDim) + 0.5) / headDim);
    const parallel = fields.bool('use_parallel_residual');
    return { ...config, layer_norm_eps: epsilon, rotary_pct: share, use_parallel_residual: parallel };
  }
  const headDim = fields.optionalNumber('attention.key_length') ?? hiddenSize / heads;
  for (const key of ['attention.value_length', 'rope.dimension_count']) {
    const value = fields.optionalNumber(key) ?? headDim;
    if (value !== headDim) throw fields.error(key, 'not the size of a key head', String(headDim), value);
  }
  return {
    ...config,
    head_dim: headDim,
    num_key_value_heads: fields.optionalNumber('attention.head_count_kv') ?? heads,
    rms_norm_eps: epsilon,
  };
}

/** `rope_scaling` of config.json. @see llama.cpp src/llama-model.cpp (load_hparams), src/llama-context.cpp (yarn_attn_factor) */
function ropeScaling(fields: GgufFields): object | null {
  const factor =
    fields.optionalFloat('rope.scaling.factor') ?? fields.optionalFloat('rope.scale_linear') ?? 0;
  const kind = fields.optionalText('rope.scaling.type') ?? 'linear'; // llama.cpp's default
  if (kind === 'none' || (kind === 'linear' && (factor === 0 || factor === 1))) return null;
  if (kind === 'linear') return { rope_type: 'linear', factor };
  if (kind !== 'yarn')
    throw fields.error('rope.scaling.type', 'unknown rope scaling', 'one of: none, linear, yarn', kind);
  const recommended = 0.1 * Math.log(factor) + 1;
  return {
    rope_type: 'yarn',
    factor,
    original_max_position_embeddings: fields.optionalNumber('rope.scaling.original_context_length'),
    beta_fast: fields.optionalFloat('rope.scaling.yarn_beta_fast'),
    beta_slow: fields.optionalFloat('rope.scaling.yarn_beta_slow'),
    attention_factor: recommended * (fields.optionalFloat('rope.scaling.attn_factor') ?? 1),
  };
}
