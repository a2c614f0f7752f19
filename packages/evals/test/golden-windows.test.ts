import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { disjointRequest, rollingWindows } from '../src/index.ts';
import { readGolden } from './read-golden.ts';

const golden = readGolden<{
  rolling_windows: {
    n: number;
    prefix: number;
    max_seq_len: number;
    context_len: number;
    windows: [number[], number[]][];
    disjoint: [number[], number[]][];
  }[];
}>('requests').rolling_windows;

test.each(golden)('$n tokens, at most $max_seq_len, context $context_len', (expected) => {
  const tokens = Array.from({ length: expected.n }, (_, i) => i);
  const windows = rollingWindows(tokens, {
    prefixTokenId: expected.prefix,
    maxLength: expected.max_seq_len,
    contextLength: expected.context_len,
  });
  expect(windows.map(({ input, targets }) => [input, targets])).toEqual(expected.windows);
  const requests = windows.map(disjointRequest);
  expect(requests.map(({ context, continuation }) => [context, continuation])).toEqual(expected.disjoint);
  expect(windows.flatMap(({ targets }) => targets)).toEqual(tokens);
});

test.each([
  [0, 4],
  [5, 4],
  [1.5, 4],
  [1, 0],
])('refuses context %d of %d', (contextLength, maxLength) => {
  const cut = (): unknown => rollingWindows([1], { prefixTokenId: 0, maxLength, contextLength });
  expect(cut).toThrow(InvalidInputError);
});
