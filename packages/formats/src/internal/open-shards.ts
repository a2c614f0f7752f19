/** @file Several files as one source, after the index files that transformers writes: JSON with a `weight_map` of tensor name to file name. */
import { BitcliffError, FormatError, NotFoundError } from '@bitcliff/core';
import type { ByteSource } from '../byte-source.ts';
import type { TensorSource } from '../tensor-source.ts';
import { missingTensor } from './missing-tensor.ts';
import { quote } from './quote.ts';
import { parseShardIndex } from './shard-index.ts';

/** What differs between the formats of shards. */
export interface ShardFormat {
  /** The operation that error messages name. */
  readonly op: string;
  /** What the name of every shard ends in: ".safetensors". */
  readonly extension: string;
  /** Opens one shard. */
  open(source: ByteSource): Promise<TensorSource>;
}

/**
 * Open all shards of an index and check that each holds its tensors. Tensors that the index does not name stay hidden.
 * @param index the index file's bytes  @param openShard opens a shard by its file name, a plain name without a folder
 * @throws {FormatError} when the index or a shard is not valid, or a shard lacks a tensor that the index places there
 * @throws {NotFoundError} when `openShard` finds no such shard
 */
export async function openShards(
  format: ShardFormat,
  index: Uint8Array,
  openShard: (fileName: string) => Promise<ByteSource>,
  name: string,
): Promise<TensorSource> {
  const { weightMap, metadata } = parseShardIndex(index, name, format);
  const shards = new Map<string, TensorSource>();
  const closeAll = async (): Promise<void> => {
    await Promise.all([...shards.values()].map((shard) => shard.close()));
  };
  try {
    for (const fileName of new Set(weightMap.values())) {
      shards.set(fileName, await openOne(format, fileName, openShard, name));
    }
    for (const [tensor, fileName] of weightMap) requireTensor(format.op, tensor, fileName, shards, name);
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
    readBytes: async (tensor) => shardOf(tensor).readBytes(tensor),
    close: closeAll,
  };
}

async function openOne(
  format: ShardFormat,
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
    throw new NotFoundError({
      op: format.op,
      problem,
      expected,
      received: `no ${quote(fileName)}`,
      path,
      cause,
    });
  }
  try {
    return await format.open(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

function requireTensor(
  op: string,
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
