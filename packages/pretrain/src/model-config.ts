/** Sizes that both architectures have; names follow the field, in camelCase. */
interface CommonSizes {
  /** Tokens of the vocabulary. */
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  /** Attention heads; divides `hiddenSize`. */
  readonly heads: number;
  /** Width of the MLP. */
  readonly intermediateSize: number;
  /** Tokens of a window, also the largest position. */
  readonly sequenceLength: number;
  /** Added to the variance in norms. */
  readonly normEpsilon: number;
}

/** GPT-style pre-norm decoder: LayerNorm, learned positions, GELU (tanh form), biases, untied embeddings; Hugging Face `gpt2`. */
export interface Gpt2Config extends CommonSizes {
  readonly architecture: 'gpt2';
}

/** Llama-style pre-norm decoder: RMSNorm, rotary positions, grouped-query attention, SwiGLU, no biases, untied embeddings; Hugging Face `llama`. */
export interface LlamaConfig extends CommonSizes {
  readonly architecture: 'llama';
  /** Key/value heads; divides `heads`. */
  readonly keyValueHeads: number;
  /** Base of the rotary frequencies. */
  readonly ropeTheta: number;
}

/** What a model is made of. */
export type ModelConfig = Gpt2Config | LlamaConfig;

/** One weight: its shape as Hugging Face stores it, and how it begins. */
export interface WeightSpec {
  readonly shape: readonly number[];
  /** Normal numbers, the same for outputs into the residual stream (divided by √(2·layers), as in GPT-2), ones or zeros. */
  readonly init: 'normal' | 'residual' | 'ones' | 'zeros';
}

/** Weights by their Hugging Face name, in the order of the model. */
export type WeightSpecs = ReadonlyMap<string, WeightSpec>;
