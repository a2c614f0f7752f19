import { createRng, InvalidInputError, UnsupportedError } from '@bitcliff/core';
import { describe, expect, test } from 'vitest';
import { sampleOf } from '../__fixtures__/sample-of.ts';
import { METRICS } from '../metrics/registry.ts';
import type { TaskResult } from '../score-task.ts';
import type { Sample } from '../scoring/sample.ts';
import { mcNemar } from '../statistics/mcnemar.ts';
import { pairedDifference } from '../statistics/paired-difference.ts';
import { compareResults } from './compare-results.ts';
import { compareTask } from './compare-task.ts';

function resultOf(task: string, headline: string, samples: Sample[]): TaskResult {
  const metrics = { [headline]: METRICS[headline]!.aggregate(samples) };
  return {
    task,
    version: '1',
    headline,
    n: samples.length,
    truncated: 0,
    continuationsCut: 0,
    nearTies: 0,
    metrics,
    samples,
  };
}

/** Answers to questions of two choices: right where the list says so. */
const choices = (task: string, right: readonly number[], cluster?: (i: number) => string): TaskResult =>
  resultOf(
    task,
    'acc',
    right.map((hit, index) => {
      const item = { choices: ['a', 'b'], gold: 0, cluster: cluster?.(index) };
      return sampleOf(item, hit === 1 ? [-1, -2] : [-2, -1.5], { index });
    }),
  );

const texts = (task: string, logProbs: readonly number[]): TaskResult =>
  resultOf(
    task,
    'byte_perplexity',
    logProbs.map((logProb, index) => sampleOf({ size: { words: 5, bytes: 20 } }, [logProb], { index })),
  );

const rng = createRng(5);
const before: number[] = Array.from({ length: 400 }, () => (rng.uniform() < 0.7 ? 1 : 0));
const after = before.map((hit) => (hit === 1 && rng.uniform() < 0.2 ? 0 : hit));

test('right and wrong answers: the statistics of the lists', () => {
  const { tasks } = compareResults([choices('a', before)], [choices('a', after)]);
  const [task] = tasks;
  const paired = pairedDifference(before, after);
  const lost = before.filter((hit, i) => hit > after[i]!).length;
  expect(task).toMatchObject({
    task: 'a',
    metric: 'acc',
    test: 'mcnemar',
    n: 400,
    difference: paired.difference,
    stderr: paired.stderr,
    confidence95: paired.confidence95,
    p: mcNemar(lost, 0).pExact,
    flips: { correctToIncorrect: lost, incorrectToCorrect: 0, share: lost / 400, allShare: lost / 400 },
    isSignificant: true,
    isUnresolved: false,
  });
  expect(task!.choiceDivergence).toBeGreaterThan(0);
  expect(task!.calibrationError!.after).not.toBe(task!.calibrationError!.before);
});

test('clusters widen the error', () => {
  const cluster = (i: number): string => `c${Math.floor(i / 40)}`;
  const inCluster = before.map((hit, i) => (i < 40 ? 0 : hit)); // one cluster is lost
  const compare = (c?: (i: number) => string) =>
    compareResults([choices('a', before, c)], [choices('a', inCluster, c)]).tasks[0]!;
  expect(compare(cluster).stderr!).toBeGreaterThan(1.5 * compare().stderr!);
  expect(compare(cluster).p).toBe(compare().p);
});

test('likelihoods: a paired bootstrap, the same for the same seed', () => {
  const base = Array.from({ length: 60 }, () => -30 - 10 * rng.uniform());
  const worse = base.map((logProb) => logProb - 1 - rng.uniform());
  const compare = (seed: number) =>
    compareResults([texts('t', base)], [texts('t', worse)], { iterations: 500, seed }).tasks[0]!;
  const task = compare(1);
  expect(task).toMatchObject({ test: 'bootstrap', flips: null, mcnemar: null, isSignificant: true });
  expect(task.difference).toBeCloseTo(task.after - task.before, 14);
  expect(task.confidence95![0]).toBeGreaterThan(0);
  expect(compare(1)).toEqual(task);
  expect(compare(2)).not.toEqual(task);
});

test('Holm over the tasks, and averages over shares alone', () => {
  const slightly = before.map((hit, i) => (i < 12 && hit === 1 ? 0 : hit));
  const one = compareResults([choices('a', before)], [choices('a', slightly)]).tasks[0]!;
  expect(one.isSignificant).toBe(true);
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const many = compareResults(
    [...names.map((name) => choices(name, before)), texts('t', [-30, -31])],
    [...names.map((name) => choices(name, name === 'a' ? slightly : before)), texts('t', [-30, -31])],
  );
  expect(many.tasks[0]!.p).toBe(one.p);
  expect(many.tasks[0]!.pHolm).toBeCloseTo(9 * one.p, 12);
  const share = before.reduce((sum, hit) => sum + hit, 0) / 400;
  expect(many.average!.before).toBeCloseTo(share, 12);
  expect(many.average!.difference).toBeCloseTo(one.difference / 8, 12);
  expect(many.average!.stderr).toBeCloseTo(one.stderr! / 8, 12);
  expect(many.average!.percentDifference).toBeCloseTo((100 * one.difference) / share / 8, 10);
  expect(compareResults([texts('t', [-30, -31])], [texts('t', [-30, -31])]).average).toBeNull();
});

test('too few items: unresolved; nothing changed: nothing to say', () => {
  const few = compareResults([choices('a', [1, 1, 0, 1])], [choices('a', [1, 0, 0, 1])]).tasks[0]!;
  expect(few).toMatchObject({ isSignificant: false, isUnresolved: true, difference: -0.25 });
  const same = compareResults([choices('a', [1, 0])], [choices('a', [1, 0])]).tasks[0]!;
  expect(same).toMatchObject({ p: 1, detectable: null, isUnresolved: false });
});

describe('refuses', () => {
  const one = choices('a', [1, 0]);
  test.each([
    ['other tasks', [one], [choices('b', [1, 0])], 'the tasks are not the same, expected a, received b'],
    ['no tasks', [], [], 'expected at least one task, received none'],
    [
      'other numbers of items',
      [one],
      [choices('a', [1])],
      'the numbers of items differ, expected 2, received 1',
    ],
    ['another version', [one], [{ ...one, version: '2' }], 'the versions differ, expected 1, received 2'],
    [
      'other items',
      [one],
      [{ ...one, samples: one.samples.toReversed() }],
      'item 0 is not the same, expected item 0, received item 1 (a)',
    ],
    [
      'an unknown metric',
      [{ ...one, headline: 'mine' }],
      [{ ...one, headline: 'mine' }],
      'unknown metric "mine", expected one of: acc, ',
    ],
  ])('%s', (_, first, second, message) => {
    expect(() => compareResults(first, second)).toThrow(InvalidInputError);
    expect(() => compareResults(first, second)).toThrow(message);
  });

  test('a mean that is not of right and wrong answers', () => {
    const result = texts('t', [-30, -31]);
    const macro = METRICS.likelihood_bytes_macro!;
    expect(() => compareTask(result, result, 'likelihood_bytes_macro', macro)).toThrow(UnsupportedError);
  });
});
