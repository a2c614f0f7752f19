import { InvalidInputError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { byteTokenizer, toyLogLikelihood } from './__fixtures__/toy-model.ts';
import { defineTask } from './define-task.ts';
import { evaluateTasks } from './evaluate-tasks.ts';
import type { Task } from './task.ts';

const capitals = defineTask({
  name: 'capitals',
  version: '1',
  kind: 'choices',
  item: (row) => ({
    context: `The capital of ${row.filled('country')} is`,
    choices: row.strings('cities', 2),
    gold: row.index('answer', 2),
  }),
});
const riddles = defineTask({
  name: 'riddles',
  version: '2',
  kind: 'target',
  item: (row) => ({ context: row.string('riddle'), target: row.filled('answer'), cluster: 'riddles' }),
});
const letters = defineTask({
  name: 'letters',
  version: '3',
  kind: 'text',
  item: (row) => ({ text: row.filled('letter') }),
});

test('choices, a target, a text', async () => {
  const parse = (task: unknown, columns: object) => ({
    task: task as Task,
    rows: [(task as Task).parseRow(columns)],
  });
  const results = await evaluateTasks({
    tokenizer: byteTokenizer(),
    maxLength: 64,
    loglikelihood: toyLogLikelihood,
    tasks: [
      parse(capitals, { country: 'Norway', cities: ['Oslo', 'Bergen'], answer: 0 }),
      parse(riddles, { riddle: 'It has hands and no feet:', answer: 'clock' }),
      parse(letters, { letter: 'Dear Ida, the ferry is late.' }),
    ],
  });
  expect(results.map(({ headline, version }) => [headline, version])).toEqual([
    ['acc', '1'],
    ['acc', '2'],
    ['word_perplexity', '3'],
  ]);
  expect(
    capitals.buildItem(capitals.parseRow({ country: 'Norway', cities: ['Oslo', 'Bergen'], answer: 0 })),
  ).toEqual({
    requests: [' Oslo', ' Bergen'].map((continuation) => ({
      context: 'The capital of Norway is',
      continuation,
    })),
    choices: ['Oslo', 'Bergen'],
    gold: 0,
  });
  expect(results[1]!.samples[0]!.cluster).toBe('riddles');
  expect(results[2]!.samples[0]).toMatchObject({ words: 6, bytes: 28 });
  expect(capitals.files[0]).toEqual({ layout: 'jsonl', path: 'capitals.jsonl' });
});

test('bad rows are refused with their place, whatever `item` lets through', () => {
  const place = { path: 'capitals.jsonl', line: 4 };
  const careless = defineTask({
    name: 'careless',
    version: '1',
    kind: 'choices',
    item: () => ({ context: 'a', choices: ['b', ''], gold: 0 }),
  });
  expect(() => capitals.parseRow({ country: 'Norway' }, place)).toThrow(
    'capitals: column "cities" is missing, expected a list of 2 strings, received columns country (line 4, capitals.jsonl)',
  );
  expect(() => careless.parseRow({}, place)).toThrow('careless: empty continuation');
  const outside = defineTask({
    name: 'outside',
    version: '1',
    kind: 'choices',
    item: () => ({ context: 'a', choices: ['b', 'c'], gold: 2 }),
  });
  expect(() => outside.parseRow({}, place)).toThrow('the right choice is none of the choices');
});

test.each(['', 'Upper', '../up', 'a b', 'x'.repeat(65)])('refuses the name %j', (name) => {
  const define = (): unknown => defineTask({ name, version: '1', kind: 'text', item: () => ({ text: 'a' }) });
  expect(define).toThrow(InvalidInputError);
});
