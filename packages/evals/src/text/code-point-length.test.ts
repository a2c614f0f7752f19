import { expect, test } from 'vitest';
import { codePointLength } from './code-point-length.ts';

test.each([
  ['', 0],
  ['abc', 3],
  ['é', 1],
  ['e\u0301', 2],
  ['👍👍', 2],
  ['\ud83d', 1],
])('%j has %i', (text, expected) => {
  expect(codePointLength(text)).toBe(expected);
});
