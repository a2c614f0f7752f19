import { expect, it } from 'vitest';
import { alibiSlopes } from './alibi.ts';

it('is a geometric series for a power of two, and filled up otherwise', () => {
  expect(alibiSlopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => 2 ** -i));
  expect(alibiSlopes(4)).toEqual([2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8]);
  // 4 heads of the series above, then every other one of the series for 8
  expect(alibiSlopes(6)).toEqual([2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8, 2 ** -1, 2 ** -3]);
});
