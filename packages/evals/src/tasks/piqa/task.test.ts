import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { piqa } from './task.ts';

test('a question and two solutions', () => {
  expect(firstItem(piqa)).toEqual({
    requests: [' fill them with paper.', ' fill them with soup.'].map((continuation) => ({
      context: 'Question: To dry wet boots,\nAnswer:',
      continuation,
    })),
    choices: ['fill them with paper.', 'fill them with soup.'],
    gold: 0,
  });
});

test('a column `cluster` is kept', () => {
  expect(piqa.parseRow({ goal: 'g', sol1: 'a', sol2: 'b', label: 1, cluster: 7 }).cluster).toBe('7');
});

expectRefusals(piqa, [
  [{ label: -1 }, 'column "label" does not fit, expected an integer from 0 to 1, or its digits, received -1'],
  [{ label: '2' }, 'received "2"'],
  [{ sol2: '' }, 'column "sol2" does not fit, expected a string that is not empty, received ""'],
  [{ goal: null }, 'column "goal" does not fit, expected a string, received null'],
  [{ cluster: {} }, 'column "cluster" does not fit, expected a string, received an object'],
]);
