import type { ModuleRole } from '@bitcliff/quantize';
import type { DecoderSpec } from './decoder-spec.ts';

/** The linear layers of a block. A plain MLP has no `gate`. */
export type LinearPlace = 'q' | 'k' | 'v' | 'attnOut' | 'gate' | 'up' | 'down';

/** Where a linear layer lies inside a tensor that holds several. */
export interface FusedPart {
  /** 0 is q, 1 is k, 2 is v. */
  readonly part: 0 | 1 | 2;
  /** `blocks`: all of q, then k, then v. `perHead`: q, k and v of head 0, then of head 1, and so on. */
  readonly order: 'blocks' | 'perHead';
}

/** One linear layer inside a block: where its weights are stored and what it is. */
export interface LinearModule {
  readonly place: LinearPlace;
  readonly role: ModuleRole;
  readonly weight: string;
  /** Tensor of the bias, or `null`. */
  readonly bias: string | null;
  /** `outIn` is PyTorch's Linear, `inOut` the Conv1D of GPT-2. */
  readonly layout: 'outIn' | 'inOut';
  /** Set where q, k and v share a tensor. */
  readonly fused: FusedPart | null;
  /** Outputs of a head are stored in rotary pairs (0, 1), (2, 3) …, as llama.cpp stores q and k; taken apart they are (i, i + headDim/2). */
  readonly paired: boolean;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** Tensors of a norm; `null` where the norm has none. */
export interface NormTensors {
  readonly gain: string | null;
  readonly bias: string | null;
}

/** The tensors of one block. */
export interface BlockTensors {
  /** n1 and n2 of the wiring; `mlpNorm` is `null` where the two share one. */
  readonly attentionNorm: NormTensors;
  readonly mlpNorm: NormTensors | null;
  /** Gains of the norms on q and k, where there are any. */
  readonly qNorm: string | null;
  readonly kNorm: string | null;
  readonly linears: readonly LinearModule[];
}

/** The names under which a checkpoint stores its tensors. */
export interface ModelTensors {
  readonly embedding: string;
  /** Learned positions. */
  readonly positions: string | null;
  readonly embeddingNorm: NormTensors | null;
  /** Projections between the embedding's width and the hidden size, stored [out, in]. */
  readonly projectIn: string | null;
  readonly projectOut: string | null;
  readonly finalNorm: NormTensors | null;
  readonly head: { readonly weight: string; readonly bias: string | null };
  /** @param layer 0-based */
  block(layer: number): BlockTensors;
}

/** How one family of checkpoints is configured and stored. */
export interface Architecture {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /**
   * Read config.json.
   * @throws {InvalidInputError} for a field that is missing or has a wrong value
   * @throws {UnsupportedError} for a field that asks for something this version does not do
   */
  parseConfig(config: unknown, path: string): DecoderSpec;
  /** @param has whether the checkpoint has a tensor: names come with and without the prefix of the whole model */
  tensors(spec: DecoderSpec, has: (name: string) => boolean): ModelTensors;
}
