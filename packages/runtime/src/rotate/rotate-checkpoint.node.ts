import type { LongTaskOptions, Tensor } from '@bitcliff/core';
import { type TensorToWrite, writeSafetensorsFolder } from '@bitcliff/formats/node';
import { createRotation } from '@bitcliff/quantize';
import { writeCheckpointFolder } from '../artifacts/checkpoint-folder.node.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { rotatedTensors } from './rotated-tensors.ts';

/** How to rotate. */
export interface RotateOptions extends LongTaskOptions {
  /** Of the signs of the randomized Hadamard matrix. @default 0 */
  readonly seed?: number | undefined;
  /** Most bytes of tensor data per file. @default 5_000_000_000 */
  readonly maxShardBytes?: number | undefined;
}

/**
 * Write a checkpoint whose hidden states are rotated by a randomized Hadamard matrix: the same architecture with the same logits, up to the rounding of F32, and
 * weights without outlier inputs. Any recipe can be applied to it. Rotated in float64, stored as F32; the head is a tensor of its own.
 * @param checkpoint opened from a Hugging Face folder  @param dir must not exist, or be empty
 * @throws {UnsupportedError} for a model that cannot be rotated, or a hidden size without a known Hadamard matrix
 * @throws {InvalidInputError} when `dir` has something in it
 * @see arXiv 2404.00456 (QuaRot)
 * @example
 * await rotateCheckpoint(await openCheckpoint('my-llama'), 'my-llama-rotated', { seed: 0 });
 */
export async function rotateCheckpoint(
  checkpoint: Checkpoint,
  dir: string,
  options: RotateOptions = {},
): Promise<void> {
  const { seed = 0, maxShardBytes, ...run } = options;
  const { spec, tensors: source } = checkpoint;
  const rotated = rotatedTensors(checkpoint, createRotation(spec.hiddenSize, seed));
  const changed = new Set(rotated.map(({ name }) => name));
  const tensors: TensorToWrite[] = rotated.map((tensor) => ({ ...tensor, dtype: 'F32' }));
  for (const name of source.names()) {
    if (changed.has(name)) continue;
    const { dtype, shape } = source.info(name);
    tensors.push({ name, dtype: dtype as Tensor['dtype'], shape, data: () => source.read(name) });
  }
  await writeCheckpointFolder(checkpoint, dir, run, async (temporary) => {
    await writeSafetensorsFolder(temporary, tensors, { ...run, maxShardBytes });
    const config = { tie_word_embeddings: false, torch_dtype: 'float32', dtype: undefined };
    return { config, result: undefined };
  });
}
