import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { mmlu, mmluContinuation } from './task.ts';

test('letters', () => {
  const { requests, cluster } = firstItem(mmlu);
  expect(requests.map(({ continuation }) => continuation)).toEqual([' A', ' B', ' C', ' D']);
  expect(requests[0]!.context).toBe(
    'The following are multiple choice questions (with answers) about marine biology.\n\n' +
      'Which of these is a tide pool?\nA. a net\nB. water left by the sea\nC. a boat\nD. a gull\nAnswer:',
  );
  expect(cluster).toBe('marine_biology');
});

test('continuations', () => {
  expect(firstItem(mmluContinuation).requests[1]).toEqual({
    context:
      'The following are questions (with answers) about marine biology.\n\n' +
      'Question: Which of these is a tide pool?\nAnswer:',
    continuation: ' water left by the sea',
  });
});

expectRefusals(mmlu, [
  [{ answer: 4 }, 'column "answer" does not fit, expected an integer from 0 to 3, or its digits, received 4'],
  [{ choices: ['a', 'b', 'c'] }, 'column "choices" does not fit, expected a list of 4 strings'],
  [{ subject: '' }, 'column "subject" does not fit'],
]);
