import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { storycloze2016, storycloze2018 } from './task.ts';

test('four sentences with a space between, two endings', () => {
  const { requests, gold } = firstItem(storycloze2016);
  expect(requests.map(({ continuation }) => continuation)).toEqual([
    ' Per was proud of it.',
    ' Per had never seen a log.',
  ]);
  expect(requests[0]!.context).toBe(
    'Per built a raft. He tied the logs together. He pushed it into the lake. It did not sink.',
  );
  expect(gold).toBe(0);
});

test('2016 is scored on its test split; that of 2018 has no labels', () => {
  expect([storycloze2016.split, storycloze2018.split]).toEqual(['test', 'validation']);
});

expectRefusals(storycloze2016, [
  [
    { answer_right_ending: 0 },
    'column "answer_right_ending" does not fit, expected an integer from 1 to 2, or its digits, received 0',
  ],
  [{ answer_right_ending: '3' }, 'received "3"'],
  [{ sentence_quiz1: '' }, 'column "sentence_quiz1" does not fit'],
]);
