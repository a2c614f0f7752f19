import { expect, test } from 'vitest';
import { createTexts } from './corpus.ts';

const texts = createTexts(5, 20_000, false);

test('a seed always gives the same texts, another seed others', () => {
  expect(createTexts(5, 100, false)).toEqual(texts.slice(0, 100));
  expect(createTexts(6, 100, false)).not.toEqual(texts.slice(0, 100));
  expect(createTexts(5, 100, true)).not.toEqual(texts.slice(0, 100));
});

test('the texts of a seed stay what they are, as the committed checkpoints were trained on them', () => {
  expect(createTexts(1, 8, false)).toMatchInlineSnapshot();
});

test('the texts use at least 300 different words', () => {
  const words = texts
    .join(' ')
    .toLowerCase()
    .match(/[a-z]+/g)!;
  expect(new Set(words).size).toBeGreaterThanOrEqual(300);
});

test('every kind of text has its share', () => {
  const share = (pattern: RegExp): number => texts.filter((text) => pattern.test(text)).length / texts.length;
  expect(share(/\nAnswer: /)).toBeCloseTo(0.07, 1);
  expect(share(/\nParaphrase: /)).toBeCloseTo(0.05, 1);
  expect(share(/ (because|therefore) |, so /)).toBeCloseTo(0.1, 1);
  expect(share(/^[A-Z][a-z ]+: [A-Z].*\.$/)).toBeCloseTo(0.29, 1);
});

test('no text is empty or has an empty line, which would end it', () => {
  for (const text of texts) expect(text).toMatch(/^\S[^\n]*(\n\S[^\n]*)?$/);
});
