import { expect, test } from 'vitest';
import {
  accuracy,
  mean,
  meanStderr,
  normalizedAccuracy,
  type Sample,
  targetPerplexity,
} from '../src/index.ts';
import { scoreItem } from '../src/scoring/score-item.ts';
import { readGolden } from './read-golden.ts';

const golden = readGolden<{
  mean_stderr: { items: number[]; mean: number; stderr: number };
  perplexity: { items: number[]; perplexity: number };
  multiple_choice_process_results: {
    doc: { sol1: string; sol2: string; label: number };
    lls: number[];
    metrics: { acc: number; acc_norm: number };
  }[];
}>('metrics');

test('mean and its standard error', () => {
  expect(mean(golden.mean_stderr.items)).toBe(golden.mean_stderr.mean);
  expect(meanStderr(golden.mean_stderr.items)).toBe(golden.mean_stderr.stderr);
});

test('perplexity', () => {
  const scores = golden.perplexity.items.map((logProb) => ({ logProb, isGreedy: false }));
  const item = { requests: [], choices: [], gold: null };
  const samples: Sample[] = scores.map((score, i) => scoreItem('loglikelihood', i, item, [score]));
  const { value, stderr } = targetPerplexity.aggregate(samples);
  expect(value).toBeCloseTo(golden.perplexity.perplexity, 12);
  expect(stderr).toBe(value * meanStderr(golden.perplexity.items)!); // delta method: ours, not the harness's bootstrap
});

test.each(golden.multiple_choice_process_results)('multiple choice $doc $lls', ({ doc, lls, metrics }) => {
  const item = { requests: [], choices: [doc.sol1, doc.sol2], gold: doc.label };
  const scores = lls.map((logProb) => ({ logProb, isGreedy: false }));
  const sample = scoreItem('multiple_choice', 0, item, scores);
  expect(accuracy.aggregate([sample])).toEqual({ value: metrics.acc, stderr: null });
  expect(normalizedAccuracy.aggregate([sample])).toEqual({ value: metrics.acc_norm, stderr: null });
});
