import { expect, it } from 'vitest';
import { filterNames, fnmatch } from './fnmatch.ts';

// expected values: CPython 3.11 fnmatch.fnmatchcase
const cases: [name: string, pattern: string, matches: boolean][] = [
  ['a.json', '*.json', true],
  ['data/sub/a.json', 'data/*.json', true],
  ['A.json', '*.JSON', false],
  ['.hidden', '*', true],
  ['', '*', true],
  ['', '?', false],
  ['ab', 'a', false],
  ['model-00001-of-2.bin', 'model-?????-of-*.bin', true],
  ['file1', 'file[0-9]', true],
  ['filex', 'file[!0-9]', true],
  ['file1', 'file[!0-9]', false],
  ['a]', 'a[]]', true],
  ['a[', 'a[', true],
  ['a[x', 'a[x', true],
  ['-', '[a-]', true],
  ['b', '[a-c-e]', true],
  ['d', '[a-c-e]', false],
  ['-', '[a-c-e]', true],
  ['x', '[z-a]', false],
  ['x', '[!z-a]', true],
  ['^', '[^a]', true],
  ['b', '[^a]', false],
  ['é😀', '??', true],
  ['aaab', '*a*b', true],
  ['aaac', '*a*b', false],
];

it.each(cases)('fnmatch(%j, %j) is %s', (name, pattern, matches) => {
  expect(fnmatch(name, pattern)).toBe(matches);
});

it('takes no exponential time', () => {
  const start = performance.now();
  expect(fnmatch('a'.repeat(1000), `${'*a'.repeat(200)}b`)).toBe(false);
  expect(performance.now() - start).toBeLessThan(2000);
});

it('filters as huggingface_hub does', () => {
  const names = ['aaa.pdf', 'bbb.jpg', '.ccc.pdf', 'data/x.txt', 'data/sub/y.txt'];
  expect(filterNames(names, ['*.pdf'], ['.*'])).toEqual(['aaa.pdf']);
  expect(filterNames(names, ['data/'], undefined)).toEqual(['data/x.txt', 'data/sub/y.txt']);
  expect(filterNames(names, ['data\\sub\\*'], undefined)).toEqual(['data/sub/y.txt']);
  expect(filterNames(names, undefined, undefined)).toEqual(names);
  expect(filterNames(names, [], undefined)).toEqual([]);
});
