import { InvalidInputError } from '@bitcliff/core';
import { describe, expect, test } from 'vitest';
import { HELLASWAG_COLUMNS, HELLASWAG_TEXT } from '../../__fixtures__/rows.ts';
import { parseRows } from '../../data/parse-rows.ts';
import { hellaswag } from './task.ts';

const textFile = hellaswag.files.find((file) => file.layout === 'lineGroups')!;
const place = { path: 'rows.jsonl', line: 12 };

test('columns to prompts', () => {
  const [first, second] = HELLASWAG_COLUMNS.map((columns) =>
    hellaswag.buildItem(hellaswag.parseRow(columns)),
  );
  expect(first).toEqual({
    requests: [' threads a needle.', ' eats the pier.', ' flies off slowly.', ' melts.'].map(
      (continuation) => ({
        context: 'Mending nets: A sailor sits on the pier with a torn net. The old sailor',
        continuation,
      }),
    ),
    choices: ['threads a needle.', 'eats the pier.', 'flies off slowly.', 'melts.'],
    gold: 0,
    cluster: 'invented~1',
  });
  expect(second!.requests[0]).toEqual({
    context: 'Home and Garden: How to dry herbs. Cut them. Cut in the morning.',
    continuation: '  Hang them up.', // a deleted [substeps] leaves its space
  });
  expect(second!.gold).toBe(3);
});

test('the text layout is taken as it stands', () => {
  const rows = parseRows(hellaswag, textFile, HELLASWAG_TEXT);
  expect(rows.length).toBe(2);
  expect(rows[0]).toEqual({
    query: 'Mending nets: A sailor sits on the pier with a torn net. the sailor',
    endings: ['threads a needle.', 'eats the pier.', 'flies off slowly.', 'melts.'],
    gold: 0,
  });
  const odd = HELLASWAG_TEXT.replace('melts.', 'melts  [now].');
  expect(parseRows(hellaswag, textFile, odd)[0]!.endings[3]).toBe('melts  [now].');
});

describe('bad columns', () => {
  const good = HELLASWAG_COLUMNS[0]!;
  test.each([
    [
      { ...good, label: '4' },
      'column "label" does not fit, expected an integer from 0 to 3, or its digits, received "4"',
    ],
    [
      { ...good, label: '' },
      'column "label" does not fit, expected an integer from 0 to 3, or its digits, received ""',
    ],
    [{ ...good, label: -1 }, 'received -1'],
    [{ ...good, label: 1.5 }, 'received 1.5'],
    [{ ...good, label: null }, 'received null'],
    [
      { ...good, endings: ['a', 'b', 'c'] },
      'column "endings" does not fit, expected a list of 4 strings, received a list of 3',
    ],
    [{ ...good, endings: ['a', 'b', 'c', 'd', 'e'] }, 'received a list of 5'],
    [{ ...good, endings: 'abcd' }, 'received "abcd"'],
    [
      { ...good, endings: ['a', 'b', 3, 'd'] },
      'column "endings[2]" does not fit, expected a string, received 3',
    ],
    [{ ...good, ctx_a: 7 }, 'column "ctx_a" does not fit, expected a string, received 7'],
    [
      { ctx_a: 'a', ctx_b: 'b' },
      'column "activity_label" is missing, expected a string, received columns ctx_a, ctx_b',
    ],
    [{}, 'column "ctx_a" is missing, expected a string, received an empty object'],
    [['a'], 'bad row, expected an object, received a list of 1'],
  ])('%#', (columns, message) => {
    expect(() => hellaswag.parseRow(columns, place)).toThrow(InvalidInputError);
    expect(() => hellaswag.parseRow(columns, place)).toThrow(message);
    expect(() => hellaswag.parseRow(columns, place)).toThrow('(line 12, rows.jsonl)');
  });
});

describe('bad text', () => {
  const lines = HELLASWAG_TEXT.split('\n').slice(0, -1);
  const withLine = (number: number, line: string): string => lines.with(number - 1, line).join('\n');
  test.each([
    [
      withLine(8, '4'),
      'bad index of the right ending, expected an integer from 0 to 3, received "4" (line 8, f.txt)',
    ],
    [
      withLine(2, 'x'),
      'bad index of the right ending, expected an integer from 0 to 3, received "x" (line 2, f.txt)',
    ],
    [withLine(10, ''), 'blank line, expected text, received "" (line 10, f.txt)'],
    [
      lines.slice(0, 11).join('\n'),
      'incomplete last row, expected 6 lines per row, received 5 (line 7, f.txt)',
    ],
    [`${lines.join('\n')}\n\n`, 'incomplete last row, expected 6 lines per row, received 1 (line 13, f.txt)'],
    ['', 'no rows, expected at least one, received 0 (line 1, f.txt)'],
  ])('%#', (text, message) => {
    expect(() => parseRows(hellaswag, textFile, text, 'f.txt')).toThrow(`hellaswag: ${message}`);
  });
});
