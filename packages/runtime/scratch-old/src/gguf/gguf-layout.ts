/** @file Where GGUF files of the four families keep their tensors, with the names of llama.cpp (src/llama-arch.cpp). */
import type { BlockTensors, LinearPlace, ModelTensors } from '../architecture.ts';
import { fusedQkv, linear, normTensors, PLAIN_EMBEDDING } from '../architectures/block-layout.ts';
import type { DecoderSpec } from '../decoder-spec.ts';
import type { GgufFamily } from './gguf-families.ts';

/**
 * The tensors of a file. q and k of llama are stored in rotary pairs; gpt2 and gptneox store q, then k, then v in one tensor; all weights are [out, in].
 * @param hasBias whether a linear layer has a bias; asked for llama and qwen2, the others always have one
 */
export function ggufLayout(
  family: GgufFamily,
  spec: DecoderSpec,
  hasBias: (place: LinearPlace, name: string) => boolean,
): ModelTensors {
  return {
    embedding: 'token_embd.weight',
    ...PLAIN_EMBEDDING,
    positions: spec.positions.kind === 'learned' ? 'position_embd.weight' : null,
    finalNorm: normTensors('output_norm', !family.isLlamaLike),
    head: { weight: 'output.weight', bias: null },
    block: (layer) => {
      const prefix = `blk.${layer}`;
      return family.isLlamaLike ? llamaBlock(family, spec, prefix, hasBias) : gptBlock(spec, prefix);
    },
  };
}

function llamaBlock(
  family: GgufFamily,
  spec: DecoderSpec,
  prefix: string,
  hasBias: (place: LinearPlace, name: string) => boolean,
): BlockTensors {
  const paired = family.architecture === 'llama';
  const module = (place: LinearPlace, end: string, options: { paired?: boolean } = {}) => {
    const name = `${prefix}.${end}`;
    return linear(spec, place, name, hasBias(place, name), options);
  };
  return {
    attentionNorm: normTensors(`${prefix}.attn_norm`, false),
    mlpNorm: normTensors(`${prefix}.ffn_norm`, false),
    qNorm: null,
    kNorm: null,
    linears: [
      module('q', 'attn_q', { paired }),
      module('k', 'attn_k', { paired }),
      module('v', 'attn_v'),
      module('attnOut', 'attn_output'),
      module('gate', 'ffn_gate'),
      module('up', 'ffn_up'),
      module('down', 'ffn_down'),
    ],
  };
}

function gptBlock(spec: DecoderSpec, prefix: string): BlockTensors {
  return {
    attentionNorm: normTensors(`${prefix}.attn_norm`, true),
    mlpNorm: normTensors(`${prefix}.ffn_norm`, true),
    qNorm: null,
    kNorm: null,
    linears: [
      ...fusedQkv(spec, `${prefix}.attn_qkv`, 'blocks', { bias: true }),
      linear(spec, 'attnOut', `${prefix}.attn_output`, true),
      linear(spec, 'up', `${prefix}.ffn_up`, true),
      linear(spec, 'down', `${prefix}.ffn_down`, true),
    ],
  };
}
