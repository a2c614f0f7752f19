import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { truncateRequest } from './request.ts';

test('drops from the left, and only when the input would be too long', () => {
  const pair = { context: [1, 2, 3, 4], continuation: [5, 6] };
  expect(truncateRequest(pair, 5)).toEqual({ request: pair, truncated: false });
  expect(truncateRequest(pair, 4)).toEqual({ request: { ...pair, context: [2, 3, 4] }, truncated: true });
  expect(truncateRequest(pair, 2)).toEqual({ request: { ...pair, context: [4] }, truncated: true });
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
  [
    { context: [1], continuation: [1, 2, 3] },
    'truncateRequest: continuation is longer than the model input, expected at most 2 tokens, received 3 (item 3)',
  ],
])('refuses %j and names the item', (pair, message) => {
  expect(() => truncateRequest(pair, 2, 'item 3')).toThrow(InvalidInputError);
  expect(() => truncateRequest(pair, 2, 'item 3')).toThrow(message);
});

test('names no place when none is given', () => {
  expect(() => truncateRequest({ context: [], continuation: [1] }, 2)).toThrow(/received 0\. A context/);
});
