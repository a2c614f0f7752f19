import type { TensorSource } from '@bitcliff/formats';
import type { ModelTensors } from './architecture.ts';
import type { CheckpointMetadata } from './checkpoint-metadata.ts';
import type { DecoderSpec } from './decoder-spec.ts';
import type { TextTokenizer } from './tokenizer.ts';

/** An open checkpoint: headers are read, weights are not. */
export interface Checkpoint {
  /** Where it came from, for messages and records. */
  readonly path: string;
  readonly spec: DecoderSpec;
  /** The names under which its tensors are stored. */
  readonly layout: ModelTensors;
  readonly tensors: TensorSource;
  /** From `bitcliff.json` in its folder, or from the GGUF file; empty where neither says anything. */
  readonly metadata: CheckpointMetadata;
  /**
   * The tokenizer, read at the first call.
   * @throws {NotFoundError} when the checkpoint has none
   */
  tokenizer(): Promise<TextTokenizer>;
  close(): Promise<void>;
}
