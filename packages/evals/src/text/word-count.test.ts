import { expect, test } from 'vitest';
import { utf8Length } from './utf8-length.ts';
import { pyWordCount } from './word-count.ts';

test.each([
  ['', 1, 0],
  ['a', 1, 1],
  [' a  b\n', 4, 6],
  ['é\u2028👍', 2, 9],
  ['a\ufeffb', 1, 5], // not whitespace in Python
])('%j: %d words, %d bytes', (text, words, bytes) => {
  expect(pyWordCount(text)).toBe(words);
  expect(utf8Length(text)).toBe(bytes);
});
