import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { TASK_COLUMNS } from '../../__fixtures__/task-rows.ts';
import { openbookqa } from './task.ts';

test('the stem alone is the context; a space before the key is dropped', () => {
  expect(firstItem(openbookqa).requests[0]).toEqual({ context: 'A candle gives', continuation: ' light' });
  expect(openbookqa.parseRow(TASK_COLUMNS.openbookqa![1]).gold).toBe(2);
});

expectRefusals(openbookqa, [
  [{ answerKey: 'F' }, 'the right answer is none of the choices'],
  [{ question_stem: '' }, 'column "question_stem" does not fit'],
]);
