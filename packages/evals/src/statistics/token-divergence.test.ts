import { InvalidInputError, ShapeError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { summarizeTokenDivergence, tokenDivergence } from './token-divergence.ts';

test('the same model: nothing', () => {
  const logits = Float32Array.of(0.5, -2, 7);
  const same = tokenDivergence(logits, logits, 2);
  expect(same.kld).toBe(0);
  const summary = summarizeTokenDivergence([same, tokenDivergence(logits, logits, 0)]);
  expect(summary).toMatchObject({
    sameTop: { value: 1, stderr: 0 },
    ratio: { value: 1, stderr: 0 },
    difference: 0,
    rmsDeltaP: { value: 0, stderr: null },
  });
});

test('errors are those of llama.cpp: E[x²] − E[x]² over n − 1', () => {
  const token = (nllBase: number, nllOther: number) => ({ kld: 0, nllBase, nllOther, sameTop: true });
  const { logRatio } = summarizeTokenDivergence([token(1, 1.5), token(2, 2.25), token(0.5, 1.5)]);
  const d = [0.5, 0.25, 1];
  const center = 1.75 / 3;
  const variance = d.reduce((sum, x) => sum + x * x, 0) / 3 - center ** 2;
  expect(logRatio.value).toBeCloseTo(center, 14);
  expect(logRatio.stderr).toBeCloseTo(Math.sqrt(variance / 2), 14);
});

test('one position has no errors', () => {
  const summary = summarizeTokenDivergence([tokenDivergence([0, 1], [1, 0], 1)]);
  expect(summary.meanKld.stderr).toBeNull();
  expect(summary.ratio.stderr).toBeNull();
  expect(summary.sameTop.value).toBe(0);
});

test('refuses other vocabularies and tokens outside', () => {
  expect(() => tokenDivergence([0, 1], [0], 0)).toThrow(ShapeError);
  expect(() => tokenDivergence([0, 1], [0, 1], 2)).toThrow(InvalidInputError);
  expect(() => summarizeTokenDivergence([])).toThrow(InvalidInputError);
});
