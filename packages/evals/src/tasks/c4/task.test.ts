import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { c4 } from './task.ts';

test('documents are cleaned as wikitext', () => {
  expect(firstItem(c4).requests[0]!.continuation).toBe(
    'The ferry left at nine. Nobody was on it, and the "old" captain (a tall man) sang to the gulls .',
  );
});

expectRefusals(c4, [[{ text: '' }, 'column "text" does not fit']]);
