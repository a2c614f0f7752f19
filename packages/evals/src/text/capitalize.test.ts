import { expect, test } from 'vitest';
import { pyCapitalize } from './capitalize.ts';

// CPython 3.11: s.capitalize()
test.each([
  ['ǆǆ', 'ǅǆ'],
  ['ǉ', 'ǈ'],
  ['ǳ', 'ǲ'],
  ['ა', 'ა'],
  ['ﬃ', 'Ffi'],
  ['և', 'Եւ'],
  ['ᾀ', 'ᾈ'],
  ['ᾳ', 'ᾼ'],
  ['ᾼ', 'ᾼ'],
  ['ᾲ', 'Ὰ\u0345'],
  ['ᾷ', 'Α\u0342\u0345'],
  ['\u1fbe', 'Ι'],
  ['ŉ', 'ʼN'],
  ['𐐨𐐀', '𐐀𐐨'],
  ['İİ', 'İi̇'],
  ['ΣΣ', 'Σς'],
  [' ABC', ' abc'],
])('%s becomes %s', (text, expected) => {
  expect(pyCapitalize(text)).toBe(expected);
});
