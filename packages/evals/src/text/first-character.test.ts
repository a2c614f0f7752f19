import { expect, test } from 'vitest';
import { dropLast, lowerFirst } from './first-character.ts';

test.each([
  ['', '', ''],
  ['A', 'a', ''],
  ['I learned.', 'i learned.', 'I learned'],
  ['Élise!', 'élise!', 'Élise'],
  ['𐐀b👍', '𐐨b👍', '𐐀b'], // pairs of UTF-16 units are one character
])('%j', (text, lower, shorter) => {
  expect(lowerFirst(text)).toBe(lower);
  expect(dropLast(text)).toBe(shorter);
});
