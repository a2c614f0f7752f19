import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { lambadaStandard } from './task.ts';

test('the last word after the last space is the target', () => {
  expect(firstItem(lambadaStandard).requests).toEqual([
    {
      context: 'the lamp was out again , so ida went down to the cellar to look for a',
      continuation: ' lamp',
    },
  ]);
});

expectRefusals(lambadaStandard, [[{ text: 'word' }, 'lambada_standard: text has no space']]);
