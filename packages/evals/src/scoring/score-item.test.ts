import { expect, test } from 'vitest';
import { scoreItem } from './score-item.ts';

test('multiple choice: code points count, not UTF-16 units', () => {
  const item = { requests: [], choices: ['👍👍', 'abc'], gold: 0 };
  const scores = [-4, -6.3].map((logProb) => ({ logProb, isGreedy: false }));
  expect(scoreItem('multiple_choice', 7, item, scores)).toEqual({
    index: 7,
    logProbs: [-4, -6.3],
    isGreedy: [false, false],
    prediction: 0,
    gold: 0,
    correct: true,
    predictionNorm: 0, // -4 / 2 against -6.3 / 3; with UTF-16 lengths 4 and 3 also -1 against -2.1
    correctNorm: true,
    margin: 2.3,
  });
  const close = [-4, -5].map((logProb) => ({ logProb, isGreedy: false }));
  expect(scoreItem('multiple_choice', 0, item, close).predictionNorm).toBe(1); // -2 against -1.67
});

test('log-likelihood: correct is greedy', () => {
  const item = { requests: [], choices: [], gold: null };
  const sample = scoreItem('loglikelihood', 0, item, [{ logProb: -0.5, isGreedy: true }]);
  expect(sample).toMatchObject({
    correct: true,
    prediction: null,
    gold: null,
    margin: null,
    correctNorm: null,
  });
});
