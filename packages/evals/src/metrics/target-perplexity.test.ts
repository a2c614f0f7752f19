import { expect, test } from 'vitest';
import { scoreItem } from '../scoring/score-item.ts';
import { targetPerplexity } from './target-perplexity.ts';

const sample = (logProb: number, index: number) =>
  scoreItem('loglikelihood', index, { requests: [], choices: [], gold: null }, [{ logProb, isGreedy: true }]);

test('perplexity and delta-method error', () => {
  const { value, stderr } = targetPerplexity.aggregate([Math.log(0.5), Math.log(0.125)].map(sample));
  expect(value).toBeCloseTo(4, 14);
  expect(stderr).toBeCloseTo(4 * Math.log(2), 14); // the standard error of the mean of -ln 2 and -3 ln 2 is ln 2
});

test('one item has no error', () => {
  expect(targetPerplexity.aggregate([sample(0, 0)])).toEqual({ value: 1, stderr: null });
});
