import { describe, expect, it } from 'vitest';
import { ROUNDING, type RoundingMode } from './index.ts';

const inputs = [
  -3.5, -2.5, -2.4999999999999996, -1.5, -1, -0.75, -0.5, -0.25, 0, 0.25, 0.49999999999999994, 0.5, 0.75, 1.5,
  2.5, 2.5000000000000004, 3.5,
];

/** By hand from the definitions. */
const expected: Record<RoundingMode, number[]> = {
  halfToEven: [-4, -2, -2, -2, -1, -1, 0, 0, 0, 0, 0, 0, 1, 2, 2, 3, 4],
  halfAway: [-4, -3, -2, -2, -1, -1, -1, 0, 0, 0, 0, 1, 1, 2, 3, 3, 4],
  halfUp: [-3, -2, -2, -1, -1, -1, 0, 0, 0, 0, 0, 1, 1, 2, 3, 3, 4],
  towardZero: [-3, -2, -2, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 3],
};

describe.each(Object.keys(expected) as RoundingMode[])('%s', (mode) => {
  const round = ROUNDING[mode];

  it('rounds ties and their neighbours', () => {
    expect(inputs.map(round)).toEqual(expected[mode]);
  });

  it('never gives −0', () => {
    for (const x of [-0, -0.1, -0.25, -0.5, -1e-300]) expect(Object.is(round(x), -0)).toBe(false);
  });

  it('keeps integers, also where floats are sparse', () => {
    for (const x of [1, -1, 127, -128, 2 ** 24 + 1, 2 ** 52 + 1, -(2 ** 53 - 1), 2 ** 60])
      expect(round(x)).toBe(x);
  });

  it('is exact next to 2^52, where halves are the last fractions', () => {
    const tie = 2 ** 51 + 0.5; // 2^51 is even
    const results = { halfToEven: 2 ** 51, halfAway: 2 ** 51 + 1, halfUp: 2 ** 51 + 1, towardZero: 2 ** 51 };
    expect(round(tie)).toBe(results[mode]);
  });
});

it('half to even agrees with the addition trick of 1.5 · 2^52', () => {
  const magic = 6755399441055744;
  for (let i = -4000; i <= 4000; i++) {
    const x = i / 8;
    expect(ROUNDING.halfToEven(x)).toBe(x + magic - magic + 0);
  }
});
