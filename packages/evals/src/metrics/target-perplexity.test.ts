import { expect, test } from 'vitest';
import { sampleOf } from '../__fixtures__/sample-of.ts';
import { targetPerplexity } from './target-perplexity.ts';

const sample = (logProb: number) => sampleOf({}, [logProb]);

test('perplexity and delta-method error', () => {
  const { value, stderr } = targetPerplexity.aggregate([Math.log(0.5), Math.log(0.125)].map(sample));
  expect(value).toBeCloseTo(4, 14);
  expect(stderr).toBeCloseTo(4 * Math.log(2), 14); // the standard error of the mean of -ln 2 and -3 ln 2 is ln 2
});

test('one item has no error, and neither has a target that is ruled out', () => {
  expect(targetPerplexity.aggregate([sample(0)])).toEqual({ value: 1, stderr: null });
  const impossible = [sample(-1), sample(-Infinity)];
  expect(targetPerplexity.aggregate(impossible)).toEqual({ value: Infinity, stderr: null });
});
