import { expect, test } from 'vitest';
import { readExpected, readGolden } from '../../test/read-golden.ts';
import { gainStatistics } from './gain-statistics.ts';
import { tokenStatistics } from './token-statistics.ts';

const { shape, values } = readGolden('A');
const [layers, tokens, features] = shape as [number, number, number];

test('golden: INT8 error, deviation and maximum of every layer', () => {
  const expected = readExpected();
  const size = tokens * features;
  for (let layer = 0; layer < layers; layer++) {
    const golden = expected.per_layer[layer];
    const { int8Rmse, meanStd, absMax } = tokenStatistics(
      values.subarray(layer * size, (layer + 1) * size),
      features,
    );
    expect(Math.abs(int8Rmse / golden.rmse_int8_vectorwise - 1), `layer ${layer} rmse`).toBeLessThan(1e-12);
    expect(Math.abs(meanStd / golden.mean_token_std - 1), `layer ${layer} std`).toBeLessThan(1e-12);
    expect(absMax).toBe(golden.absmax);
  }
  const all = tokenStatistics(values, features);
  expect(Math.abs(all.int8Rmse / expected.overall.rmse_int8_vectorwise - 1)).toBeLessThan(1e-12);
  expect(Math.abs(all.meanStd / expected.overall.mean_token_std - 1)).toBeLessThan(1e-12);
});

test('a zero token has no error; half tokens are refused', () => {
  expect(tokenStatistics([0, 0, 0, 0], 2)).toEqual({ meanStd: 0, int8Rmse: 0, absMax: 0 });
  expect(() => tokenStatistics([1, 2, 3], 2)).toThrow(
    'not whole tokens, expected a multiple of 2, above 0, received 3',
  );
});

test('golden gain; norms without one', () => {
  const { std, max, note } = gainStatistics(readGolden('ln_gain').values);
  const golden = readExpected().ln_gain;
  expect(Math.abs(std - golden.std)).toBeLessThan(1e-12);
  expect(max).toBe(golden.max);
  expect(note).toBeNull();
  expect(gainStatistics(null)).toEqual({ std: 0, min: 1, max: 1, note: 'none' });
  expect(gainStatistics([1, 1, 1])).toEqual({ std: 0, min: 1, max: 1, note: 'allOnes' });
  expect(gainStatistics([2, 2]).note).toBeNull();
});
