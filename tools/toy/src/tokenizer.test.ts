import { expect, test } from 'vitest';
import { createTexts } from './corpus.ts';
import { BOS_ID, encode, loadTokenizer, trainTokenizer } from './tokenizer.ts';

const texts = createTexts(1, 2000, false);
const files = trainTokenizer(texts, 512, 128);
const tokenizer = loadTokenizer(JSON.parse(JSON.stringify(files)));

test('100 texts come back from their pieces', () => {
  for (const text of texts.slice(0, 100)) {
    const ids = encode(tokenizer, text);
    expect(ids[0]).toBe(BOS_ID);
    expect(tokenizer.decode(ids, { skip_special_tokens: true })).toBe(text);
  }
});

test('any printable text comes back, what is not ASCII becomes the unknown piece', () => {
  const text = '#!/bin/sh {"a": [1.5, -2]}\n~`@';
  expect(tokenizer.decode(encode(tokenizer, text), { skip_special_tokens: true })).toBe(text);
  expect(encode(tokenizer, 'é')).toEqual([BOS_ID, 2, 2]); // two bytes in UTF-8
});

test('ids are dense and the size is the one asked for', () => {
  const { vocab, merges } = files.tokenizer.model as { vocab: Record<string, number>; merges: string[] };
  const ids = Object.values(vocab).sort((a, b) => a - b); // JSON puts the digits first
  expect(ids).toEqual(Array.from({ length: 512 }, (_, i) => i));
  expect(new Set(merges).size).toBe(512 - 99);
});

test('training is deterministic', () => {
  expect(trainTokenizer(texts, 512, 128)).toEqual(files);
});

test('a context and its continuation at a space share their pieces', () => {
  for (const text of texts.slice(0, 50)) {
    const at = text.lastIndexOf(' ');
    const context = encode(tokenizer, text.slice(0, at));
    expect(encode(tokenizer, text).slice(0, context.length)).toEqual(context);
  }
});
