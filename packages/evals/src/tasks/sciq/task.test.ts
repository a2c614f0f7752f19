import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { TASK_COLUMNS } from '../../__fixtures__/task-rows.ts';
import { sciq } from './task.ts';

test('the right answer comes last; without support the context begins with a newline', () => {
  const { requests, choices, gold } = firstItem(sciq);
  expect(requests[0]!.context).toBe('Bees make honey.\nQuestion: What do bees make?\nAnswer:');
  expect(choices).toEqual(['salt', 'glass', 'ink', 'honey']);
  expect(gold).toBe(3);
  expect(sciq.parseRow(TASK_COLUMNS.sciq![1]).context).toMatch(/^\nQuestion: /);
});

expectRefusals(sciq, [
  [{ distractor2: '' }, 'column "distractor2" does not fit'],
  [{ correct_answer: 5 }, 'column "correct_answer" does not fit'],
]);
