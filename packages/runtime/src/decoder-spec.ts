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
    }
  | {
      /**
       * NTK-aware scaling by the length of the sequence, tokens: up to `originalMaxPositions` nothing is scaled; beyond it theta grows with the
       * length, and every token of the sequence takes the frequencies of that length.
       */
      readonly kind: 'dynamic';
      readonly factor: number;
      readonly originalMaxPositions: number;
    }
  | {
      /** YaRN (arXiv 2309.00071): frequencies are interpolated between two bounds in turns, and cosines and sines are multiplied by a factor. */
      readonly kind: 'yarn';
      readonly factor: number;
      readonly originalMaxPositions: number;
      /** Features that turn more often than this over the original length keep their frequency. */
      readonly betaFast: number;
      /** Features that turn less often than this are divided by `factor`. */
      readonly betaSlow: number;
      /** The bounds are rounded outward to whole features. */
      readonly truncate: boolean;
      /** On cosines and sines alike. */
      readonly attentionFactor: number;
    }
  | {
      /**
       * LongRoPE (arXiv 2402.13753): each frequency is divided by its own factor, [dims / 2]: in a sequence of up to `originalMaxPositions` tokens by
       * a short one, and in a longer sequence every token's by a long one.
       */
      readonly kind: 'longrope';
      readonly shortFactors: readonly number[];
      readonly longFactors: readonly number[];
      readonly originalMaxPositions: number;
      /** On cosines and sines alike, whatever the length. */
      readonly attentionFactor: number;
    }
  /** Each frequency is divided by its own factor, [dims / 2]: `rope_freqs.weight` of a GGUF file. */
  | { readonly kind: 'factors'; readonly factors: readonly number[] };

/** How a model knows where a token stands. */
export type Positions =
  | {
      /** q and k are rotated by an angle that grows with the position. */
      readonly kind: 'rotary';
      readonly theta: number;
      readonly scaling: RotaryScaling;
      /** Leading features of a head that are rotated, even. */
      readonly dims: number;
      /** Pairs are (0, 1), (2, 3) …; otherwise (i, i + dims/2). */
      readonly interleaved: boolean;
    }
  /** A learned row is added to the embedding: row `position + offset` of the table. */
  | { readonly kind: 'learned'; readonly offset: number }
  /** −slope[head] · (query position − key position) is added to each attention score (arXiv 2108.12409). */
  | { readonly kind: 'alibi' };

/** What a norm divides by and adds; over the last axis. */
export interface NormSpec {
  /** `rms`: x / sqrt(mean(x²) + epsilon). `layer`: (x − mean) / sqrt(variance + epsilon). Then gain, then bias, where there are any. */
  readonly kind: 'rms' | 'layer';
  readonly epsilon: number;
  /** The stored gain is the gain minus one. */
  readonly unitOffset: boolean;
}

/**
 * How attention A, MLP M and the two norms n1, n2 of a block are wired.
 * - `sequential`: x += A(n1(x)); x += M(n2(x))
 * - `parallel`: x + A(n1(x)) + M(n2(x))
 * - `parallelSharedNorm`: x + A(n1(x)) + M(n1(x))
 * - `postNorm`: x = n1(x + A(x)); x = n2(x + M(x))
 * - `outputNorm`: x += n1(A(x)); x += n2(M(x))
 */
export type Wiring = 'sequential' | 'parallel' | 'parallelSharedNorm' | 'postNorm' | 'outputNorm';

/** `gelu` is exact (erf), `geluTanh` its tanh approximation. */
export type Activation = 'silu' | 'gelu' | 'geluTanh' | 'relu';

/** The architecture of one decoder-only transformer, as data. Everything the graph builder and the reference need to know. */
export interface DecoderSpec {
  /** `model_type` of config.json. */
  readonly architecture: string;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** Longest sequence the model accepts, tokens. */
  readonly maxPositions: number;
  readonly embedding: {
    /** Columns of the embedding table; other than the hidden size where it is projected. */
    readonly width: number;
    /** Factor on the embedding. */
    readonly scale: number;
  };
  readonly norm: NormSpec;
  readonly wiring: Wiring;
  readonly attention: {
    readonly heads: number;
    /** Query head h reads key/value head floor(h / (heads / kvHeads)). */
    readonly kvHeads: number;
    readonly headDim: number;
    /** q, k and v are clamped to ±clip before the heads are split; `null`: they are not. */
    readonly clip: number | null;
    /**
     * Norm on q and k before positions, with its own gain: `perHead` RMS over a head, one gain [headDim]; `perHeadGain` LayerNorm over a head,
     * a gain for each head [heads, headDim]; `whole` RMS over the whole projection.
     */
    readonly qkNorm: 'none' | 'perHead' | 'perHeadGain' | 'whole';
    /** Per layer: a token sees itself and the `window − 1` tokens before it; `null`: all before it. */
    readonly windows: readonly (number | null)[];
  };
  readonly positions: Positions;
  /** `gated`: down(activation(gate(x)) · up(x)). `plain`: down(activation(up(x))). */
  readonly mlp: {
    readonly kind: 'gated' | 'plain';
    readonly activation: Activation;
    readonly intermediateSize: number;
  };
  readonly head: {
    /** `undefined` when config.json does not say: then the head is tied where the file has no head tensor. */
    readonly tied: boolean | undefined;
    /** Factor on the logits. */
    readonly logitScale: number;
  };
  readonly bosTokenId: number | undefined;
  readonly eosTokenIds: readonly number[];
}
