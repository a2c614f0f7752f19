import { describe, expect, it } from 'vitest';
import { scoreTokens } from './token-scores.ts';

describe('scoreTokens', () => {
  it('gives log-probabilities, ranks, the arg-max and the perplexity', () => {
    // three tokens of a vocabulary of 4, by hand: log-softmax of [0, ln 2, ln 4, 0] is −ln 8 + the logit
    const row = [0, Math.log(2), Math.log(4), 0];
    const scores = scoreTokens([3, 1, 2], Float32Array.from([...row, ...row, ...row]));
    expect(scores.tokenLogProbs[0]).toBeCloseTo(Math.log(2 / 8), 6);
    expect(scores.tokenLogProbs[1]).toBeCloseTo(Math.log(4 / 8), 6);
    expect(scores.ranks).toEqual([2, 1]);
    expect(scores.argmax).toEqual([2, 2, 2]);
    expect(scores.perplexity).toBeCloseTo(Math.sqrt(8), 5);
    expect(scoreTokens([1], Float32Array.from(row)).perplexity).toBeNull();
  });
});
