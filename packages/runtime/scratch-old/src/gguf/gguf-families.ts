/** @file The four families of GGUF files that are read and written: names, keys, and what llama.cpp builds into the code of each. */
import type { Activation } from '../decoder-spec.ts';

/** One family, under its two names. */
export interface GgufFamily {
  /** `general.architecture` of the file. */
  readonly architecture: string;
  /** `model_type` of config.json. */
  readonly modelType: string;
  /**
   * Activation of the MLP: no key says it. llama.cpp computes the tanh approximation in gpt2 and gptneox; published GPT-NeoX models were trained
   * with the exact one, which is what a file of theirs means here.
   */
  readonly activation: Activation;
  /** Last part of the key that holds the norms' epsilon. */
  readonly epsilonKey: string;
  /** Rotary positions and gated MLP, with keys to match. */
  readonly isLlamaLike: boolean;
}

const family = (
  architecture: string,
  modelType: string,
  activation: Activation,
  isLlamaLike: boolean,
): GgufFamily => ({
  architecture,
  modelType,
  activation,
  epsilonKey: isLlamaLike ? 'attention.layer_norm_rms_epsilon' : 'attention.layer_norm_epsilon',
  isLlamaLike,
});

/** Families by `general.architecture`. */
export const GGUF_FAMILIES: ReadonlyMap<string, GgufFamily> = new Map(
  [
    family('gpt2', 'gpt2', 'geluTanh', false),
    family('gptneox', 'gpt_neox', 'gelu', false),
    family('llama', 'llama', 'silu', true),
    family('qwen2', 'qwen2', 'silu', true),
  ].map((one) => [one.architecture, one]),
);

/** The rotary factors of Llama 3.1 and later, f32[headDim / 2]. */
export const ROPE_FACTORS_TENSOR = 'rope_freqs.weight'; // llama.cpp src/llama-arch.cpp, LLM_TENSOR_ROPE_FREQS
