import { expect, it } from 'vitest';
import { decodeBF16, encodeBF16 } from '../bf16.ts';
import type { OverflowMode } from '../dtypes/overflow-mode.ts';
import { decodeF16, encodeF16 } from '../f16.ts';

const MODES: readonly OverflowMode[] = ['nonsat', 'sat', 'satInf'];

it.each([
  ['F16', encodeF16, decodeF16, 65504, 65519.9, 65520],
  ['BF16', encodeBF16, decodeBF16, 2 ** 128 - 2 ** 120, 2 ** 128 - 2 ** 119 - 2 ** 76, 2 ** 128 - 2 ** 119],
] as const)('%s overflows as the mode says', (_, encode, decode, max, below, from) => {
  const values = new Float64Array([below, from, -from, 1e300, Infinity, -Infinity, Number.NaN, 1]);
  const expected = {
    nonsat: [max, Infinity, -Infinity, Infinity, Infinity, -Infinity, Number.NaN, 1],
    sat: [max, max, -max, max, Infinity, -Infinity, Number.NaN, 1],
    satInf: [max, max, -max, max, max, -max, Number.NaN, 1],
  };
  for (const mode of MODES) expect([...decode(encode(values, undefined, mode))]).toEqual(expected[mode]);
});

it('saturates float32 input the same way', () => {
  const values = new Float32Array([65520, Infinity, -1e6, 2]);
  expect([...decodeF16(encodeF16(values, undefined, 'sat'))]).toEqual([65504, Infinity, -65504, 2]);
});
