import { expect, test } from 'vitest';
import { nextLossScale } from './loss-scale.ts';

test('an overflow halves the scale, good steps double it', () => {
  let scale = { scale: 1024, goodSteps: 0 };
  const seen: number[] = [];
  for (const overflowed of [true, false, false, false, false, true]) {
    scale = nextLossScale(scale, overflowed, 2);
    seen.push(scale.scale);
  }
  expect(seen).toEqual([512, 512, 1024, 1024, 2048, 1024]);
  expect(scale.goodSteps).toBe(0);
});

test('the scale has a largest value', () => {
  expect(nextLossScale({ scale: 2 ** 24, goodSteps: 0 }, false, 1).scale).toBe(2 ** 24);
});
