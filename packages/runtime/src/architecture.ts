import type { ModuleRole } from '@bitcliff/quantize';
import type { DecoderSpec } from './decoder-spec.ts';

/** One linear layer inside a block: where its weights are stored and what it is. */
export interface LinearModule {
  /** Place in the block graph, such as `q` or `down`. */
  readonly place: LinearPlace;
  readonly role: ModuleRole;
  /** Tensor of W^T, stored [out, in] as PyTorch does. */
  readonly weight: string;
  /** Tensor of the bias [out], or `null`. */
  readonly bias: string | null;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** The linear layers of a block. */
export type LinearPlace = 'q' | 'k' | 'v' | 'attnOut' | 'gate' | 'up' | 'down';

/** How one family of checkpoints names and stores its tensors. */
export interface Architecture {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /**
   * Read config.json.
   * @throws {InvalidInputError} for a field that is missing or has a wrong value
   * @throws {UnsupportedError} for a field that asks for something this version does not do
   */
  parseConfig(config: unknown, path: string): DecoderSpec;
  readonly embedding: string;
  readonly finalNorm: string;
  readonly head: string;
  /** Gains of the two norms of a block. */
  blockNorms(layer: number): { attention: string; mlp: string };
  blockLinears(spec: DecoderSpec, layer: number): readonly LinearModule[];
}
