import { expect, test } from 'vitest';
import { parseIndex, readRow, describe as words } from './row-reader.ts';

test.each([
  [0, 0],
  [12, 12],
  ['0', 0],
  ['12', 12],
  ['', undefined],
  ['01', undefined],
  [' 1', undefined],
  ['-1', undefined],
  ['1.0', undefined],
  [-1, undefined],
  [0.5, undefined],
  [true, undefined],
])('parseIndex(%j) is %j', (value, expected) => {
  expect(parseIndex(value)).toBe(expected);
});

test('values in words', () => {
  expect([[1, 2], null, 3, false, 'a"b', {}, undefined].map(words)).toEqual([
    'a list of 2',
    'null',
    '3',
    'false',
    '"a\\"b"',
    'an object',
    'nothing',
  ]);
  expect(words('x'.repeat(500)).length).toBe(82);
});

test('inherited names are not columns, and no place is fine', () => {
  expect(() => readRow('task', {}).string('toString')).toThrow('task: column "toString" is missing');
});
