import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { truncateRequest } from './request.ts';

test('drops from the left, and only when the input would be too long', () => {
  const pair = { context: [1, 2, 3, 4], continuation: [5, 6] };
  expect(truncateRequest(pair, 5)).toEqual({
    request: pair,
    truncated: false,
    continuationCut: false,
  });
  expect(truncateRequest(pair, 4)).toEqual({
    request: { ...pair, context: [2, 3, 4] },
    truncated: true,
    continuationCut: false,
  });
  expect(truncateRequest(pair, 2)).toEqual({
    request: { ...pair, context: [4] },
    truncated: true,
    continuationCut: false,
  });
});

test('a continuation that is too long alone is cut by the same rule', () => {
  const cut = (context: number[], continuation: number[]) => truncateRequest({ context, continuation }, 2);
  expect(cut([1, 2], [3, 4, 5])).toEqual({
    request: { context: [3], continuation: [4, 5] },
    truncated: true,
    continuationCut: true,
  });
  expect(cut([1], [3, 4, 5, 6, 7]).request).toEqual({ context: [5], continuation: [6, 7] });
});

test.each([
  [
    { context: [], continuation: [1] },
    'truncateRequest: context has no tokens, expected at least 1, received 0 (item 3)',
  ],
  [
    { context: [1], continuation: [] },
    'truncateRequest: continuation has no tokens, expected at least 1, received 0 (item 3)',
  ],
])('refuses %j and names the item', (pair, message) => {
  expect(() => truncateRequest(pair, 2, 'item 3')).toThrow(InvalidInputError);
  expect(() => truncateRequest(pair, 2, 'item 3')).toThrow(message);
});

test('names no place when none is given', () => {
  expect(() => truncateRequest({ context: [], continuation: [1] }, 2)).toThrow(/received 0\. A context/);
});
