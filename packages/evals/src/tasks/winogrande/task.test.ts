import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { winogrande } from './task.ts';

test('partial evaluation: the same rest after each option', () => {
  const { requests, choices, gold } = firstItem(winogrande);
  expect(requests).toEqual([
    { context: 'The lamp would not fit the box because the lamp', continuation: ' was too wide.' },
    { context: 'The lamp would not fit the box because the box', continuation: ' was too wide.' },
  ]);
  expect(choices).toEqual(requests.map(({ context }) => context));
  expect(gold).toBe(0);
});

test('the first blank counts, a later one stays; a blank at the start leaves the option alone', () => {
  const row = winogrande.parseRow({ sentence: '_ met _ there.', option1: 'A', option2: 'B', answer: '2' });
  expect(row).toEqual({ contexts: ['A', 'B'], suffix: 'met _ there.', gold: 1 });
});

expectRefusals(winogrande, [
  [{ sentence: 'No blank.' }, 'sentence has no blank, expected text with a "_" and something behind it'],
  [{ sentence: 'It was _ ' }, 'sentence ends at the blank'],
  [{ answer: '' }, 'column "answer" does not fit, expected one of: 1, 2, received ""'],
  [{ answer: '3' }, 'received "3"'],
  [{ option1: '' }, 'column "option1" does not fit'],
]);
