import { expect, test } from 'vitest';
import { sampleOf } from '../__fixtures__/sample-of.ts';

test('multiple choice: code points count, not UTF-16 units', () => {
  const item = { choices: ['👍👍', 'abc'], gold: 0, cluster: 'thumbs' };
  expect(sampleOf(item, [-4, -6.3], { index: 7, tokens: 3 })).toEqual({
    index: 7,
    docHash: 'item 7',
    contextTokens: [1, 1],
    continuationTokens: [3, 3],
    logProbs: [-4, -6.3],
    isGreedy: [false, false],
    prediction: 0,
    gold: 0,
    correct: true,
    predictionNorm: 0, // -4 / 2 against -6.3 / 3; with UTF-16 lengths 4 and 3 also -1 against -2.1
    correctNorm: true,
    margin: 2.3,
    choiceChars: [2, 3],
    choiceBytes: [8, 3],
    words: null,
    bytes: null,
    cluster: 'thumbs',
  });
  expect(sampleOf(item, [-4, -5]).predictionNorm).toBe(1); // -2 against -1.67
});

test('log-likelihood: correct is greedy', () => {
  expect(sampleOf({}, [-0.5], { isGreedy: true })).toMatchObject({
    correct: true,
    prediction: null,
    gold: null,
    margin: null,
    correctNorm: null,
  });
});
