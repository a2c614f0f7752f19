import type { ByteSource } from '../byte-source.ts';
import { openShards, type ShardFormat } from '../internal/open-shards.ts';
import type { TensorSource } from '../tensor-source.ts';
import { openTorch } from './open-torch.ts';

const FORMAT: ShardFormat = { op: 'openTorchShards', extension: '.bin', open: openTorch };

/**
 * Open a sharded PyTorch checkpoint, as older transformers write it: check the index, then the structure of every shard.
 * Tensors that the index does not name stay hidden.
 * @param index the index file's bytes, JSON with a `weight_map` of tensor name to shard file name
 * @param openShard opens a shard by its file name, which is a plain name without a folder and ends in `.bin`
 * @param name what error messages call the index, usually its path
 * @returns all tensors of the index; `metadata` holds the index's metadata, values that are not strings as their JSON text
 * @throws {FormatError} when the index or a shard is not valid, or a shard lacks a tensor that the index places there
 * @throws {UnsupportedError} when a shard is a file that `openTorch` does not read
 * @throws {NotFoundError} when `openShard` finds no such shard
 * @example
 * const tensors = await openTorchShards(indexBytes, async (file) => blobSource(filesByName.get(file)!));
 */
export async function openTorchShards(
  index: Uint8Array,
  openShard: (fileName: string) => Promise<ByteSource>,
  name = 'pytorch_model.bin.index.json',
): Promise<TensorSource> {
  return openShards(FORMAT, index, openShard, name);
}
