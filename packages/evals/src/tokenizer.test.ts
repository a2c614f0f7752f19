import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { resolvePrefixTokenId } from './tokenizer.ts';

const bare = { encode: () => [], decode: () => '' };

test('the given id, else BOS, else EOS, else none', () => {
  expect(resolvePrefixTokenId({ ...bare, bosTokenId: 1, eosTokenId: 2 }, { prefixTokenId: 0 })).toBe(0);
  expect(resolvePrefixTokenId({ ...bare, bosTokenId: 1, eosTokenId: 2 })).toBe(1);
  expect(resolvePrefixTokenId({ ...bare, eosTokenId: 2 })).toBe(2);
  expect(resolvePrefixTokenId(bare)).toBeUndefined();
});

test.each([-1, 1.5, Number.NaN])('refuses %d', (prefixTokenId) => {
  expect(() => resolvePrefixTokenId(bare, { prefixTokenId })).toThrow(InvalidInputError);
});
