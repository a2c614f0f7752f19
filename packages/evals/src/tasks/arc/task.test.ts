import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { TASK_COLUMNS } from '../../__fixtures__/task-rows.ts';
import { arcChallenge, arcEasy } from './task.ts';

test('labels are letters or numbers, choices three to five', () => {
  expect(firstItem(arcEasy).requests[1]).toEqual({
    context: 'Question: Which of these melts in the sun?\nAnswer:',
    continuation: ' butter',
  });
  const [letters, numbers] = TASK_COLUMNS.arc_challenge!.map((row) => arcChallenge.parseRow(row));
  expect([letters!.gold, numbers!.gold]).toEqual([1, 0]);
  expect(numbers!.choices.length).toBe(3);
});

expectRefusals(arcEasy, [
  [{ answerKey: 'E' }, 'the right answer is none of the choices, expected one of: A, B, C, D, received "E"'],
  [{ answerKey: 1 }, 'column "answerKey" does not fit, expected a string, received 1'],
  [{ choices: null }, 'column "choices" does not fit, expected an object with lists "text" and "label"'],
  [{ choices: { text: ['a', 'b'], label: ['A'] } }, 'column "choices" does not fit'],
  [{ choices: { text: ['a'], label: ['A'] } }, 'of one length, 2 to 26'],
  [{ choices: { text: ['a', ''], label: ['A', 'B'] } }, 'column "choices.text[1]" does not fit'],
]);
