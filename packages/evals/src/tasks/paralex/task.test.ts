import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { TASK_COLUMNS } from '../../__fixtures__/task-rows.ts';
import { paralex } from './task.ts';

test('the paraphrase after the question, its bytes without the space, the question as cluster', () => {
  expect(firstItem(paralex)).toMatchObject({
    requests: [
      {
        context: 'Question: how deep is the fjord ?\nParaphrase:',
        continuation: ' what is the depth of the fjord ?',
      },
    ],
    size: { bytes: 32 },
    cluster: 'how deep is the fjord ?',
  });
  const own = paralex.parseRow({ ...TASK_COLUMNS.paralex![0], cluster: 'fjords' });
  expect(own.cluster).toBe('fjords');
});

expectRefusals(paralex, [
  [{ reference: ' ' }, 'no text, expected two different questions'],
  [{ reference: ' how deep is the fjord ? ' }, 'the reference is the source'],
]);
