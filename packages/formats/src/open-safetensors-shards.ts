/** @file Several safetensors files as one source, after the `model.safetensors.index.json` that transformers writes. */
import type { ByteSource } from './byte-source.ts';
import { openShards, type ShardFormat } from './internal/open-shards.ts';
import { openSafetensors } from './open-safetensors.ts';
import type { TensorSource } from './tensor-source.ts';

const FORMAT: ShardFormat = {
  op: 'openSafetensorsShards',
  extension: '.safetensors',
  open: openSafetensors,
};

/**
 * Open a sharded checkpoint: check the index, then the header of every shard. Tensors that the index does not name stay hidden.
 * @param index the index file's bytes, JSON with a `weight_map` of tensor name to shard file name
 * @param openShard opens a shard by its file name, which is a plain name without a folder
 * @param name what error messages call the index, usually its path
 * @returns all tensors of the index; `metadata` holds the index's metadata, values that are not strings as their JSON text
 * @throws {FormatError} when the index or a shard is not valid, or a shard lacks a tensor that the index places there
 * @throws {NotFoundError} when `openShard` finds no such shard
 * @example
 * const tensors = await openSafetensorsShards(indexBytes, async (file) => blobSource(filesByName.get(file)!));
 */
export async function openSafetensorsShards(
  index: Uint8Array,
  openShard: (fileName: string) => Promise<ByteSource>,
  name = 'model.safetensors.index.json',
): Promise<TensorSource> {
  return openShards(FORMAT, index, openShard, name);
}
