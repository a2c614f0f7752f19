import { expect, test } from 'vitest';
import { firstItem } from '../../__fixtures__/expect-refusals.ts';
import { copa } from '../copa/task.ts';
import { copaTest } from './task.ts';

test('the prompts are those of copa', () => {
  for (const profile of ['lmeval', 'classic'] as const) {
    expect(firstItem(copaTest, profile)).toEqual(firstItem(copa, profile));
  }
});

test('an item of the XML: answers count from 1', () => {
  const file = copaTest.files.find(({ layout }) => layout === 'xml')!;
  const fields = { id: '501', 'asks-for': 'effect', p: 'It rained.', a1: 'One.', a2: 'Two.' };
  const parse = (answer: string) =>
    copaTest.parseRow(
      file.layout === 'xml' && file.toColumns({ ...fields, 'most-plausible-alternative': answer }),
    );
  expect(parse('2')).toEqual({ context: 'It rained therefore', choices: ['one.', 'two.'], gold: 1 });
  expect(parse('1').gold).toBe(0);
  expect(() => parse('0')).toThrow('column "label" does not fit');
});
