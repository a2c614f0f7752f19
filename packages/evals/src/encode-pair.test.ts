import { InvalidInputError } from '@bitcliff/core';
import { expect, test, vi } from 'vitest';
import { byteTokenizer } from './__fixtures__/toy-model.ts';
import { appendsSpecialTokens, createPairEncoder, encodePair } from './encode-pair.ts';

const bytes = (text: string): number[] => byteTokenizer().encode(text);

test('trailing whitespace of the context moves to the continuation, as Python sees whitespace', () => {
  expect(encodePair(byteTokenizer(), 'ab\u0085 ', 'c')).toEqual({
    context: bytes('ab'),
    continuation: bytes('\u0085 c'),
  });
});

test('a context that spells out the prefix token gets no second one', () => {
  const tokenizer = { ...byteTokenizer(true) };
  expect(encodePair(tokenizer, '<s>a', 'b').context).toEqual(bytes('<s>a'));
  expect(encodePair(tokenizer, '<s>a', 'b', { addBos: true }).context).toEqual(bytes('<s>a'));
  expect(encodePair(tokenizer, 'a', 'b').context).toEqual([1, ...bytes('a')]);
});

test('a tokenizer that decodes its prefix to nothing keeps its default', () => {
  const tokenizer = { ...byteTokenizer(true), decode: () => '' };
  expect(encodePair(tokenizer, 'a', 'b').context).toEqual([1, ...bytes('a')]);
});

test('leaves the default to the tokenizer: no addSpecialTokens without addBos', () => {
  const tokenizer = byteTokenizer();
  const encode = vi.spyOn(tokenizer, 'encode');
  encodePair(tokenizer, 'a', 'b');
  expect(encode.mock.calls).toEqual([
    ['a', {}],
    ['ab', {}],
  ]);
});

test('the choices of one item encode their context once', () => {
  const tokenizer = byteTokenizer();
  const encode = vi.spyOn(tokenizer, 'encode');
  const pairs = createPairEncoder(tokenizer);
  const first = pairs('context', ' one');
  const second = pairs('context', ' two');
  expect(encode).toHaveBeenCalledTimes(3);
  expect(second.context).toBe(first.context);
});

test('empty context: the prefix, unless the continuation starts with it', () => {
  const tokenizer = { ...byteTokenizer(), encode: () => [1, 7, 8] };
  expect(encodePair(tokenizer, '', 'x')).toEqual({ context: [1], continuation: [7, 8] });
  expect(encodePair(tokenizer, '', 'x', { prefixTokenId: 2 })).toEqual({
    context: [2],
    continuation: [1, 7, 8],
  });
});

test('empty context without a prefix token', () => {
  const tokenizer = { encode: bytes, decode: () => '' };
  expect(() => encodePair(tokenizer, '', 'x')).toThrow(InvalidInputError);
  expect(() => encodePair(tokenizer, '', 'x')).toThrow('Set prefixTokenId');
});

test('the profile classic: each side alone, without special tokens, no space moved', () => {
  const tokenizer = byteTokenizer(true);
  expect(encodePair(tokenizer, 'ab ', ' c', { profile: 'classic' })).toEqual({
    context: bytes('ab '),
    continuation: bytes(' c'),
  });
  expect(encodePair(tokenizer, '', 'c', { profile: 'classic' })).toEqual({
    context: [1],
    continuation: bytes('c'),
  });
});

test('special tokens behind a text', () => {
  const appending = {
    ...byteTokenizer(),
    encode: (text: string, options: { addSpecialTokens?: boolean } = {}) =>
      (options.addSpecialTokens ?? true) ? [...bytes(text), 2] : bytes(text),
  };
  expect(appendsSpecialTokens(byteTokenizer(true))).toBe(false);
  expect(appendsSpecialTokens(appending)).toBe(true);
  expect(appendsSpecialTokens(appending, { addBos: false })).toBe(false);
  expect(appendsSpecialTokens(appending, { profile: 'classic' })).toBe(false);
});
