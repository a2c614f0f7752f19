/**
 * Split tensors into shards as transformers does: in the order given, a new shard when the next tensor would not fit any more; a tensor
 * that is over the limit alone gets a shard of its own at once, before the one that is being filled.
 * @param sizes bytes of each tensor  @param maxShardBytes most bytes of tensor data per shard
 * @returns the indices of the tensors in each shard
 * @see huggingface_hub/serialization/_base.py split_state_dict_into_shards_factory() @ 122aa5c
 */
export function splitShards(sizes: readonly number[], maxShardBytes: number): number[][] {
  const shards: number[][] = [];
  let current: number[] = [];
  let filled = 0;
  for (const [index, size] of sizes.entries()) {
    if (size > maxShardBytes) {
      shards.push([index]);
      continue;
    }
    if (filled + size > maxShardBytes) {
      shards.push(current);
      current = [];
      filled = 0;
    }
    current.push(index);
    filled += size;
  }
  if (current.length > 0) shards.push(current);
  return shards;
}
