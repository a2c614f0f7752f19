import { expect, test } from 'vitest';
import { preprocess } from './preprocess.ts';

test('" [title]" becomes a stop before brackets go; a dollar sign is text', () => {
  expect(preprocess('Boil it [title] Pay $& now [step]')).toBe('Boil it. Pay $& now ');
});

test('two spaces become one, once', () => {
  expect(preprocess('a    b')).toBe('a  b');
});
