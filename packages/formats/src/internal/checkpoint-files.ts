/** @file File names of Hugging Face checkpoints: transformers/utils/__init__.py, SAFE_WEIGHTS_NAME and its neighbours. */

/** A checkpoint in one safetensors file. */
export const SAFETENSORS_FILE = 'model.safetensors';

/** The index of a checkpoint in several safetensors files. */
export const SAFETENSORS_INDEX_FILE = 'model.safetensors.index.json';

/** A checkpoint in one PyTorch file. */
export const TORCH_FILE = 'pytorch_model.bin';

/** The index of a checkpoint in several PyTorch files. */
export const TORCH_INDEX_FILE = 'pytorch_model.bin.index.json';

/** Name of a shard. @param index from 1 @example shardFileName(1, 2); // 'model-00001-of-00002.safetensors' */
export function shardFileName(index: number, count: number): string {
  const digits = (n: number): string => `${n}`.padStart(5, '0');
  return `model-${digits(index)}-of-${digits(count)}.safetensors`;
}

/** True for the files that {@link shardFileName} names, of any count, and the two others of a safetensors checkpoint. */
export function isSafetensorsCheckpointFile(name: string): boolean {
  if (name === SAFETENSORS_FILE || name === SAFETENSORS_INDEX_FILE) return true;
  return /^model-\d{5}-of-\d{5}\.safetensors$/.test(name);
}
