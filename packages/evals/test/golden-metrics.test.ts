import { expect, test } from 'vitest';
import { sampleOf } from '../src/__fixtures__/sample-of.ts';
import {
  accuracy,
  bitsPerByte,
  byteAccuracy,
  mean,
  meanStderr,
  normalizedAccuracy,
  targetPerplexity,
  wordPerplexity,
} from '../src/index.ts';
import { readGolden } from './read-golden.ts';

const golden = readGolden<{
  mean_stderr: { items: number[]; mean: number; stderr: number };
  perplexity: { items: number[]; perplexity: number };
  weighted: { items: [number, number][]; weighted_perplexity: number; bits_per_byte: number };
  multiple_choice_process_results: {
    doc: { sol1: string; sol2: string; label: number };
    lls: number[];
    metrics: { acc: number; acc_norm: number; acc_bytes: number };
  }[];
}>('metrics');

test('mean and its standard error', () => {
  expect(mean(golden.mean_stderr.items)).toBe(golden.mean_stderr.mean);
  expect(meanStderr(golden.mean_stderr.items)).toBe(golden.mean_stderr.stderr);
});

test('perplexity', () => {
  const samples = golden.perplexity.items.map((logProb) => sampleOf({}, [logProb]));
  const { value, stderr } = targetPerplexity.aggregate(samples);
  expect(value).toBeCloseTo(golden.perplexity.perplexity, 12);
  expect(stderr).toBeCloseTo(value * meanStderr(golden.perplexity.items)!, 12); // delta method: ours, not the harness's bootstrap
});

test.each(golden.multiple_choice_process_results)('multiple choice $doc $lls', ({ doc, lls, metrics }) => {
  const sample = sampleOf({ choices: [doc.sol1, doc.sol2], gold: doc.label }, lls);
  expect(accuracy.aggregate([sample])).toEqual({ value: metrics.acc, stderr: null });
  expect(normalizedAccuracy.aggregate([sample])).toEqual({ value: metrics.acc_norm, stderr: null });
  expect(byteAccuracy.aggregate([sample])).toEqual({ value: metrics.acc_bytes, stderr: null });
});

test('weighted', () => {
  const { items, weighted_perplexity, bits_per_byte } = golden.weighted;
  const samples = items.map(([ll, size]) => sampleOf({ size: { words: size, bytes: size } }, [ll]));
  expect(wordPerplexity.aggregate(samples).value).toBeCloseTo(weighted_perplexity, 12);
  expect(bitsPerByte.aggregate(samples).value).toBeCloseTo(bits_per_byte, 12);
});
