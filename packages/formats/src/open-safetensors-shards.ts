/** @file Several safetensors files as one source, after the `model.safetensors.index.json` that transformers writes. */
import { BitcliffError, FormatError, NotFoundError } from '@bitcliff/core';
import type { ByteSource } from './byte-source.ts';
import { missingTensor } from './internal/missing-tensor.ts';
import { quote } from './internal/quote.ts';
import { parseShardIndex } from './internal/shard-index.ts';
import { openSafetensors } from './open-safetensors.ts';
import type { TensorSource } from './tensor-source.ts';

const op = 'openSafetensorsShards';

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
  const { weightMap, metadata } = parseShardIndex(index, name);
  const shards = new Map<string, TensorSource>();
  const closeAll = async (): Promise<void> => {
    await Promise.all([...shards.values()].map((shard) => shard.close()));
  };
  try {
    for (const fileName of new Set(weightMap.values())) {
      shards.set(fileName, await openOne(fileName, openShard, name));
    }
    for (const [tensor, fileName] of weightMap) requireTensor(tensor, fileName, shards, name);
  } catch (error) {
    await closeAll();
    throw error;
  }

  const names = Object.freeze([...weightMap.keys()]);
  const shardOf = (tensor: string): TensorSource => {
    const fileName = weightMap.get(tensor);
    if (fileName === undefined) throw missingTensor(tensor, names, name);
    return shards.get(fileName)!;
  };
  return {
    name,
    metadata,
    names: () => names,
    has: (tensor) => weightMap.has(tensor),
    info: (tensor) => shardOf(tensor).info(tensor),
    read: async (tensor, options) => shardOf(tensor).read(tensor, options),
    readFloat32: async (tensor, options) => shardOf(tensor).readFloat32(tensor, options),
    close: closeAll,
  };
}

async function openOne(
  fileName: string,
  openShard: (fileName: string) => Promise<ByteSource>,
  path: string,
): Promise<TensorSource> {
  let source: ByteSource;
  try {
    source = await openShard(fileName);
  } catch (cause) {
    if (!BitcliffError.isInstance(cause) || cause.code !== 'NOT_FOUND') throw cause;
    const problem = 'shard is missing';
    const expected = 'every shard of the index to exist';
    throw new NotFoundError({ op, problem, expected, received: `no ${quote(fileName)}`, path, cause });
  }
  try {
    return await openSafetensors(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

function requireTensor(
  tensor: string,
  fileName: string,
  shards: ReadonlyMap<string, TensorSource>,
  path: string,
): void {
  const shard = shards.get(fileName)!;
  if (shard.has(tensor)) return;
  throw new FormatError({
    op,
    problem: 'the index names a tensor that its shard does not have',
    expected: `tensor ${quote(tensor)} in ${quote(fileName)}`,
    received: `a shard of ${shard.names().length} other tensors`,
    where: `tensor ${quote(tensor)}`,
    path,
  });
}
