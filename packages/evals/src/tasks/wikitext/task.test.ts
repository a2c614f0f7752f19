import { expect, test } from 'vitest';
import { expectRefusals, firstItem } from '../../__fixtures__/expect-refusals.ts';
import { splitPages } from './split-pages.ts';
import { wikitext } from './task.ts';

test('the cleaned page is scored, words and bytes are those of the page as it is', () => {
  expect(firstItem(wikitext)).toEqual({
    requests: [
      {
        context: '',
        continuation: ' = Made Up Ferry =\n\nThe ferry\'s route is 1,200 m long; it is "slow".\n',
      },
    ],
    choices: [],
    gold: null,
    size: { words: 24, bytes: 83 },
  });
});

test('running text is cut at headings of the first level', () => {
  const text = ' \n = One = \n \n Text . \n \n = = Part = = \n \n More = . \n = Two = \n \n End . \n';
  expect(splitPages(text)).toEqual([
    { columns: { page: ' = One = \n \n Text . \n \n = = Part = = \n \n More = . ' }, line: 2 },
    { columns: { page: ' = Two = \n \n End . \n' }, line: 9 },
  ]);
});

expectRefusals(wikitext, [[{ page: '' }, 'column "page" does not fit, expected a string that is not empty']]);
