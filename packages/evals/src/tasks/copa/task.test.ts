import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { copa } from './task.ts';

test('two spaces in the profile lmeval, one in classic', () => {
  const { requests, choices } = firstItem(copa);
  expect(requests).toEqual([
    { context: 'The kettle whistled because', continuation: '  the water boiled.' },
    { context: 'The kettle whistled because', continuation: '  nils closed the door.' },
  ]);
  expect(choices[0]).toBe(' the water boiled.'); // with its space, as the harness counts it
  expect(firstItem(copa, 'classic').requests[0]!.continuation).toBe(' the water boiled.');
});

test('the last character of the premise goes, whatever it is', () => {
  const columns = { premise: ' Rain fell \n', choice1: 'A', choice2: 'B', question: 'effect', label: 1 };
  expect(copa.parseRow(columns).context).toBe('Rain fel therefore');
});

expectRefusals(copa, [
  [{ label: -1 }, 'column "label" does not fit, expected an integer from 0 to 1, or its digits, received -1'],
  [{ question: 'why' }, 'column "question" does not fit, expected one of: cause, effect, received "why"'],
  [{ premise: '.' }, 'premise is empty'],
  [{ choice1: '' }, 'column "choice1" does not fit'],
]);
