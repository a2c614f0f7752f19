import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { HELLASWAG_COLUMNS } from './__fixtures__/rows.ts';
import { byteTokenizer } from './__fixtures__/toy-model.ts';
import { prepareTask } from './prepare-task.ts';
import { hellaswag } from './tasks/hellaswag/task.ts';
import { lambadaOpenai } from './tasks/lambada-openai/task.ts';

const rows = HELLASWAG_COLUMNS.map((columns) => hellaswag.parseRow(columns));

test('requests of one item are adjacent and share the context', () => {
  const { items, requests, truncated } = prepareTask(hellaswag, rows, byteTokenizer(), { maxLength: 512 });
  expect(items.map(({ start, end }) => [start, end])).toEqual([
    [0, 4],
    [4, 8],
  ]);
  expect(requests.length).toBe(8);
  expect(requests[3]!.context).toBe(requests[0]!.context);
  expect(requests[4]!.context).not.toBe(requests[0]!.context);
  expect(truncated).toBe(0);
});

test('counts truncated requests, not items', () => {
  const query = rows[0]!.query.length;
  const longest = query + ' flies off slowly.'.length;
  const { requests, truncated } = prepareTask(hellaswag, rows.slice(0, 1), byteTokenizer(), {
    maxLength: longest - 2,
  });
  expect(truncated).toBe(2);
  expect(requests.map(({ context }) => context.length)).toEqual([query - 1, query, query - 1, query]);
});

test('names the item whose continuation vanishes', () => {
  const merging = { encode: (text: string) => [text.length], decode: () => '', bosTokenId: 1 };
  expect(() => prepareTask(hellaswag, rows, merging, { maxLength: 8 })).toThrow(
    'continuation has no tokens, expected at least 1, received 0 (hellaswag item 0, request 0)',
  );
});

test('an empty context becomes the prefix token', () => {
  const row = lambadaOpenai.parseRow({ text: ' word' });
  const { requests } = prepareTask(lambadaOpenai, [row], byteTokenizer(), { maxLength: 8 });
  expect(requests[0]!.context).toEqual([1]);
});

test.each([0, -1, 2.5, Number.NaN, Infinity])('refuses maxLength %d', (maxLength) => {
  expect(() => prepareTask(hellaswag, rows, byteTokenizer(), { maxLength })).toThrow(InvalidInputError);
});

test('refuses no rows', () => {
  expect(() => prepareTask(hellaswag, [], byteTokenizer(), { maxLength: 8 })).toThrow('no rows');
});
