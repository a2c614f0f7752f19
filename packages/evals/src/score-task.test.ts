import { InvalidInputError, ShapeError } from '@bitcliff/core';
import { describe, expect, test } from 'vitest';
import { HELLASWAG_COLUMNS, LAMBADA_COLUMNS } from './__fixtures__/rows.ts';
import { byteTokenizer } from './__fixtures__/toy-model.ts';
import { prepareTask } from './prepare-task.ts';
import { scoreItems, scoreTask, summarizeSamples } from './score-task.ts';
import { hellaswag } from './tasks/hellaswag/task.ts';
import { lambadaOpenai } from './tasks/lambada-openai/task.ts';

const options = { maxLength: 512 };
const choices = prepareTask(
  hellaswag,
  HELLASWAG_COLUMNS.map((columns) => hellaswag.parseRow(columns)),
  byteTokenizer(),
  options,
);
const words = prepareTask(
  lambadaOpenai,
  LAMBADA_COLUMNS.map((columns) => lambadaOpenai.parseRow(columns)),
  byteTokenizer(),
  options,
);
const scores = (...logProbs: number[]) => logProbs.map((logProb) => ({ logProb, isGreedy: logProb > -1 }));

test('multiple choice', () => {
  const result = scoreTask(choices, scores(-5, -9, -9, -9, -8, -7, -9, -7.0005));
  expect(result).toMatchObject({
    task: 'hellaswag',
    version: '1.0',
    headline: 'acc',
    n: 2,
    truncated: 0,
    nearTies: 1,
  });
  expect(result.samples.map((sample) => sample.prediction)).toEqual([0, 1]);
  expect(Object.keys(result.metrics)).toEqual(['acc', 'acc_norm']);
  expect(result.metrics.acc!.value).toBe(0.5);
  expect(result.metrics.acc!.stderr).toBeCloseTo(0.5, 15);
});

test('last word', () => {
  const result = scoreTask(words, scores(-0.5, -2));
  expect(result).toMatchObject({ n: 2, nearTies: null });
  expect(result.metrics.acc!.value).toBe(0.5);
  expect(result.metrics.perplexity!.value).toBeCloseTo(Math.exp(1.25), 14);
});

test('a result survives JSON', () => {
  const result = scoreTask(choices, scores(-5, -9, -9, -9, -8, -7, -9, -7));
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
});

describe('refuses', () => {
  test('another number of scores', () => {
    expect(() => scoreTask(words, scores(-1))).toThrow(ShapeError);
  });
  test.each([Number.NaN, Infinity])('%d, naming the item', (bad) => {
    expect(() => scoreTask(words, scores(-1, bad))).toThrow(InvalidInputError);
    expect(() => scoreTask(words, scores(-1, bad))).toThrow('(lambada_openai item 1, request 0)');
  });
  test('but not -Infinity', () => {
    expect(scoreTask(words, scores(-1, -Infinity)).metrics.perplexity!.value).toBe(Infinity);
  });
});

test('piece by piece is the same as at once', () => {
  const all = scores(-5, -9, -9, -9, -8, -7, -9, -7.0005);
  const samples = [
    ...scoreItems(choices, all.slice(0, 4), { start: 0, end: 1 }),
    ...scoreItems(choices, all.slice(4), { start: 1, end: 2 }),
  ];
  expect(summarizeSamples(choices, samples)).toEqual(scoreTask(choices, all));
  expect(() => scoreItems(choices, all, { start: 1, end: 2 })).toThrow(ShapeError);
});
