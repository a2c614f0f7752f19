import { expect, test } from 'vitest';
import { pyLstrip, pyRstrip, pyStrip } from './whitespace.ts';

test('differs from trim where Python does', () => {
  expect(pyStrip('\u001c\u0085a\ufeff ')).toBe('a\ufeff');
  expect('\u001c\u0085a\ufeff '.trim()).toBe('\u001c\u0085a');
});

test('nothing left, nothing to do', () => {
  expect(pyStrip(' \n\t\u3000')).toBe('');
  expect(pyLstrip('')).toBe('');
  expect(pyRstrip('a b')).toBe('a b');
});

test('characters outside the basic plane stay whole', () => {
  expect(pyStrip(' 👍 ')).toBe('👍');
});
