import { init, numpy as np } from '@jax-js/jax';
import { beforeAll, describe, expect, test } from 'vitest';
import { ROUNDINGS } from './precision.ts';
import { Tape } from './tape.ts';

beforeAll(async () => void (await init('wasm')));

/** Rounds to whole numbers, so that every rounding shows. */
const whole = (x: np.Array): np.Array => np.floor(x.add(0.5));

describe('a tape', () => {
  test('rounds results, gradients and their sums, and nothing else', () => {
    const tape = new Tape(whole);
    const x = tape.leaf(np.array([1.2]));
    const a = tape.apply((v) => v.mul(1.6), [x]); // 1.92 → 2
    const b = tape.apply((v) => v.mul(0.3), [a]); // 0.6 → 1
    const c = tape.apply((v) => v.mul(0.9), [a]); // 1.8 → 2
    const sum = tape.apply((u, v) => u.add(v), [b, c]);
    expect([a, b, c, sum].map(({ value }) => value.ref.js())).toEqual([[2], [1], [2], [3]]);
    tape.backward(sum, np.array([3]));
    // back through c: 2.7 → 3, through b: 0.9 → 1, their sum 4, through a: 6.4 → 6
    expect(x.gradient!.js()).toEqual([6]);
  });

  test('leaves views and results that stay float32 alone', () => {
    const tape = new Tape(whole);
    const x = tape.leaf(np.array([1.2, 2.4]));
    const view = tape.apply((v) => v.reshape([2, 1]), [x], { rounded: 'nothing' });
    const loss = tape.apply((v) => np.sum(v.mul(0.7)), [view], { rounded: 'gradients' });
    expect(loss.value.ref.item()).toBeCloseTo(2.52, 6);
    tape.backward(loss, np.ones([]));
    expect(x.gradient!.js()).toEqual([1, 1]); // 0.7 rounded
  });

  test('gives a float32 weight the gradient of its rounded self', () => {
    const tape = new Tape(ROUNDINGS.bf16);
    const master = tape.leaf(np.array([0.1]));
    const weight = tape.weight(master);
    expect(weight.value.ref.js()).toEqual([0.10009765625]);
    const out = tape.apply((w) => w.mul(2), [weight]);
    tape.backward(out, np.array([3]));
    expect(master.gradient!.js()).toEqual([6]);
    expect(master.value.ref.dataSync()[0]).toBe(Math.fround(0.1));
  });

  test('differentiates by no constant', () => {
    const tape = new Tape(ROUNDINGS.f32);
    const x = tape.leaf(np.array([2]));
    const factor = np.array([5]);
    const out = tape.apply((v, c) => v.mul(c), [x], { constants: [factor] });
    tape.backward(out, np.array([1]));
    expect(x.gradient!.js()).toEqual([5]);
    expect(factor.js()).toEqual([5]); // still there
  });
});
