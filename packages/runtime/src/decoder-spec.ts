/** The frequencies of rotary position embeddings. */
export type RotaryScaling =
  | { readonly kind: 'none' }
  | { readonly kind: 'linear'; readonly factor: number }
  | {
      /** Llama 3.1: long wavelengths are stretched, short ones kept, those between interpolated. */
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalMaxPositions: number;
    };

/** The architecture of one decoder-only transformer, as data. Everything the graph builder and the reference need to know. */
export interface DecoderSpec {
  /** `model_type` of config.json. */
  readonly architecture: string;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** Longest sequence the model accepts, tokens. */
  readonly maxPositions: number;
  /** RMSNorm before attention and before the MLP: x / sqrt(mean(x²) + epsilon) · gain. */
  readonly norm: { readonly kind: 'rms'; readonly epsilon: number };
  readonly attention: {
    readonly heads: number;
    /** Query head h reads key/value head floor(h / (heads / kvHeads)). */
    readonly kvHeads: number;
    readonly headDim: number;
    readonly bias: boolean;
  };
  /** Rotary positions on q and k, pairs (i, i + headDim/2). */
  readonly positions: { readonly kind: 'rotary'; readonly theta: number; readonly scaling: RotaryScaling };
  /** down(silu(gate(x)) · up(x)). */
  readonly mlp: { readonly kind: 'gatedSilu'; readonly intermediateSize: number; readonly bias: boolean };
  /** `undefined` when config.json does not say: then the head is tied where the file has no head tensor. */
  readonly tiedHead: boolean | undefined;
  readonly bosTokenId: number | undefined;
  readonly eosTokenIds: readonly number[];
}
