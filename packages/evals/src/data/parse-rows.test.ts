import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { LAMBADA_COLUMNS } from '../__fixtures__/rows.ts';
import { lambadaOpenai } from '../tasks/lambada-openai/task.ts';
import { parseRows } from './parse-rows.ts';

const file = { layout: 'jsonl', path: 'lambada_openai.jsonl' } as const;
const jsonl = LAMBADA_COLUMNS.map((row) => JSON.stringify(row));

test.each([
  ['LF', `${jsonl.join('\n')}\n`],
  ['CRLF', `${jsonl.join('\r\n')}\r\n`],
  ['no end of the last line', jsonl.join('\n')],
])('lines that end in %s', (_name, text) => {
  const rows = parseRows(lambadaOpenai, file, text);
  expect(rows.map((row) => row.target)).toEqual(['lamp', 'ferry']);
});

test.each([
  [
    `${jsonl[0]}\n{"text": `,
    'invalid JSON, expected one JSON object, received "{\\"text\\": " (line 2, f.jsonl)',
  ],
  [`${jsonl[0]}\n\n${jsonl[1]}`, 'blank line, expected one JSON object, received "" (line 2, f.jsonl)'],
  [`${jsonl[0]}\n[1]\n`, 'bad row, expected an object, received a list of 1 (line 2, f.jsonl)'],
  ['', 'no rows, expected at least one, received 0 (line 1, f.jsonl)'],
  ['\n', 'blank line, expected one JSON object, received "" (line 1, f.jsonl)'],
])('refuses %j', (text, message) => {
  const parse = (): unknown => parseRows(lambadaOpenai, file, text, 'f.jsonl');
  expect(parse).toThrow(InvalidInputError);
  expect(parse).toThrow(`lambada_openai: ${message}`);
});
