import { describe, expect, test } from 'vitest';
import { pyCapitalize, pyLstrip, pyRstrip, pyStrip, pyWordCount, utf8Length } from '../src/index.ts';
import { preprocess } from '../src/tasks/hellaswag/preprocess.ts';
import { detokenize } from '../src/tasks/wikitext/detokenize.ts';
import { readGolden } from './read-golden.ts';

type Pair = { in: string; out: string };
const golden = readGolden<{
  hellaswag_preprocess: Pair[];
  py_capitalize: Pair[];
  py_whitespace_codepoints: { 'str.isspace/strip/rstrip': number[]; 're \\s': number[] };
  wikitext_detok: (Pair & { words: number; bytes: number })[];
}>('text');

test.each(golden.hellaswag_preprocess)('preprocess $in', ({ in: text, out }) => {
  expect(preprocess(text)).toBe(out);
});

test.each(golden.py_capitalize)('pyCapitalize $in', ({ in: text, out }) => {
  expect(pyCapitalize(text)).toBe(out);
});

test.each(golden.wikitext_detok)('detokenize $in', ({ in: text, out, words, bytes }) => {
  expect(detokenize(text)).toBe(out);
  expect(pyWordCount(text)).toBe(words);
  expect(utf8Length(text)).toBe(bytes);
});

describe('whitespace', () => {
  const codePoints = new Set(golden.py_whitespace_codepoints['str.isspace/strip/rstrip']);

  test('exactly the code points that Python strips, of all of them', () => {
    const stripped: number[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      if (pyStrip(String.fromCodePoint(code)) === '') stripped.push(code);
    }
    expect(stripped).toEqual([...codePoints].sort((a, b) => a - b));
  });

  test('words are cut at exactly the code points of `\\s`', () => {
    const cuts: number[] = [];
    for (let code = 0; code <= 0xffff; code++) {
      if (pyWordCount(`a${String.fromCharCode(code)}b`) === 2) cuts.push(code);
    }
    expect(cuts).toEqual([...golden.py_whitespace_codepoints['re \\s']].sort((a, b) => a - b));
  });

  test('each end alone', () => {
    for (const code of codePoints) {
      const space = String.fromCodePoint(code);
      expect(pyLstrip(`${space}a${space}`)).toBe(`a${space}`);
      expect(pyRstrip(`${space}a${space}`)).toBe(`${space}a`);
    }
  });
});
