import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { LAMBADA_COLUMNS } from '../../__fixtures__/rows.ts';
import { lambadaOpenai } from './task.ts';

test('the last word after the last space is the target', () => {
  const items = LAMBADA_COLUMNS.map((columns) => lambadaOpenai.buildItem(lambadaOpenai.parseRow(columns)));
  expect(items.map((item) => item.requests[0]!.continuation)).toEqual([' lamp', ' ferry']);
  expect(items[1]!.requests[0]!.context).toBe(
    'Nobody had seen the ferry.\n"It will come," said Per, and they waited for the',
  );
});

test('double spaces stay, a newline does not separate, a leading space leaves an empty context', () => {
  expect(lambadaOpenai.parseRow({ text: 'a  b' })).toEqual({ context: 'a ', target: 'b' });
  expect(lambadaOpenai.parseRow({ text: 'a b\nc' })).toEqual({ context: 'a', target: 'b\nc' });
  expect(lambadaOpenai.parseRow({ text: ' b' })).toEqual({ context: '', target: 'b' });
});

test.each([
  [
    { text: 'word' },
    'text has no space, expected words separated by spaces, the last one being the target, received "word"',
  ],
  [{ text: '' }, 'received ""'],
  [{ text: 'two words ' }, 'text ends in a space'],
  [{ text: 4 }, 'column "text" does not fit, expected a string, received 4'],
  [{ txt: 'a b' }, 'column "text" is missing, expected a string, received columns txt'],
  ['a b', 'bad row, expected an object, received "a b"'],
])('refuses %j', (columns, message) => {
  const parse = (): unknown => lambadaOpenai.parseRow(columns, { path: 'l.jsonl', line: 3 });
  expect(parse).toThrow(InvalidInputError);
  expect(parse).toThrow(`lambada_openai: `);
  expect(parse).toThrow(message);
  expect(parse).toThrow('(line 3, l.jsonl)');
});
