import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { boolq } from './task.ts';

test('no comes first; questions about one passage are a cluster', () => {
  const { requests, gold, cluster } = firstItem(boolq);
  expect(requests).toEqual(
    [' no', ' yes'].map((continuation) => ({
      context: 'Gulls -- Gulls eat fish and bread.\nQuestion: do gulls eat bread?\nAnswer:',
      continuation,
    })),
  );
  expect(gold).toBe(1);
  expect(cluster).toBe('Gulls -- Gulls eat fish and bread.');
});

expectRefusals(boolq, [
  [{ label: -1 }, 'received -1'],
  [{ label: true }, 'received true'],
  [{ passage: 3 }, 'column "passage" does not fit'],
]);
