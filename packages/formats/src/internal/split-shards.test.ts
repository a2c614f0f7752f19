import { expect, it } from 'vitest';
import { splitShards } from './split-shards.ts';

it('splits as the docstring of transformers says: [6, 6, 2, 6, 2, 2] at 10', () => {
  expect(splitShards([6, 6, 2, 6, 2, 2], 10)).toEqual([[0], [1, 2], [3, 4, 5]]);
});

it.each([
  ['nothing', [], 10, []],
  ['one shard that is just full', [4, 6], 10, [[0, 1]]],
  ['a tensor over the limit alone, before the shard that is open', [1, 11, 2], 10, [[1], [0, 2]]],
  ['only tensors over the limit', [11, 12], 10, [[0], [1]]],
  ['empty tensors', [0, 10, 0, 1], 10, [[0, 1, 2], [3]]],
])('%s', (_, sizes, limit, shards) => {
  expect(splitShards(sizes, limit)).toEqual(shards);
});
