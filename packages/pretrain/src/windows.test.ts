import { init } from '@jax-js/jax';
import { beforeAll, expect, test } from 'vitest';
import { createOrder, packWindows, targetCount, toBatch } from './windows.ts';

beforeAll(async () => void (await init('wasm')));

test('whole documents stand side by side, first fit', () => {
  const windows = packWindows(
    [
      [1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ],
    4,
  );
  expect(windows.count).toBe(2);
  expect([...windows.tokens]).toEqual([1, 2, 3, 8, 9, 4, 5, 6, 7, 0]);
  expect([...windows.documents]).toEqual([1, 1, 1, 2, 2, 1, 1, 1, 1, 0]);
  expect(targetCount(windows)).toBe(2 + 1 + 3);
  expect(targetCount(windows, [1])).toBe(3);
});

test('a long document is cut, and every token but its first is a target once', () => {
  const document = Array.from({ length: 12 }, (_, i) => i);
  const windows = packWindows([document], 4);
  const { tokens, targets, weights } = toBatch(windows, [0, 1, 2]);
  const counted = [...weights.dataSync()];
  const pairs = [...targets.dataSync()].flatMap((target, i) =>
    counted[i] === 1 ? [[tokens.ref.dataSync()[i], target]] : [],
  );
  expect(pairs).toEqual(document.slice(1).map((token) => [token - 1, token]));
});

test('batches hold positions and targets within documents', () => {
  const windows = packWindows(
    [
      [1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ],
    4,
  );
  const batch = toBatch(windows, [0, 1]);
  const rows = Object.fromEntries(Object.entries(batch).map(([name, array]) => [name, array.js()]));
  expect(rows).toEqual({
    tokens: [
      [1, 2, 3, 8],
      [4, 5, 6, 7],
    ],
    documents: [
      [1, 1, 1, 2],
      [1, 1, 1, 1],
    ],
    positions: [
      [0, 1, 2, 0],
      [0, 1, 2, 3],
    ],
    targets: [
      [2, 3, 8, 9],
      [5, 6, 7, 0],
    ],
    weights: [
      [1, 1, 0, 1],
      [1, 1, 1, 0],
    ],
  });
});

test('documents of one token give no window', () => {
  expect(packWindows([[1], []], 4).count).toBe(0);
});

test('every pass has each window once, in an order of its own that the seed decides', () => {
  const passOf = (seed: number, pass: number): number[] => {
    const order = createOrder(10, 2, seed);
    return [0, 1, 2, 3, 4].flatMap((i) => [...order(5 * pass + i)]);
  };
  for (const pass of [0, 1]) expect(passOf(1, pass).toSorted((a, b) => a - b)).toEqual([...Array(10).keys()]);
  expect(passOf(1, 0)).toEqual(passOf(1, 0));
  expect(passOf(1, 0)).not.toEqual(passOf(1, 1));
  expect(passOf(1, 0)).not.toEqual(passOf(2, 0));
  const order = createOrder(10, 2, 1);
  expect([order(7), order(2), order(7)]).toEqual([
    createOrder(10, 2, 1)(7),
    createOrder(10, 2, 1)(2),
    order(7),
  ]);
});

test('too few windows for a step are refused', () => {
  expect(() => createOrder(3, 4, 1)).toThrow(
    'pretrain: corpus too small, expected windows for one step, at least 4, received 3. Give more text',
  );
});
