import { createRng } from '@bitcliff/core';
import { init, numpy as np } from '@jax-js/jax';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AdamWConfig, adamwStep, globalNorm, initState, type TrainState } from './adamw.ts';

beforeAll(async () => void (await init('wasm')));

const config: AdamWConfig = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 };
const rng = createRng(2);
const start = { matrix: [1, -2, 0.5, 3], gain: [1, 2] };
const gradients = Array.from({ length: 5 }, () => ({
  matrix: Array.from({ length: 4 }, () => rng.normal()),
  gain: Array.from({ length: 2 }, () => rng.normal()),
}));
const arrays = (values: typeof start): Record<string, np.Array> => ({
  matrix: np.array(values.matrix).reshape([2, 2]),
  gain: np.array(values.gain),
});

/** AdamW as its paper writes it, in float64. */
function reference(
  { beta1, beta2, epsilon, weightDecay, clipNorm }: AdamWConfig,
  rate: number,
): typeof start {
  const p = { matrix: [...start.matrix], gain: [...start.gain] };
  const m = { matrix: [0, 0, 0, 0], gain: [0, 0] };
  const v = { matrix: [0, 0, 0, 0], gain: [0, 0] };
  gradients.forEach((gradient, step) => {
    const norm = Math.hypot(...gradient.matrix, ...gradient.gain);
    const scale = clipNorm === null ? 1 : Math.min(1, clipNorm / (norm + 1e-6));
    for (const name of ['matrix', 'gain'] as const) {
      gradient[name].forEach((value, i) => {
        const g = value * scale;
        m[name][i] = beta1 * m[name][i]! + (1 - beta1) * g;
        v[name][i] = beta2 * v[name][i]! + (1 - beta2) * g * g;
        const corrected = Math.sqrt(v[name][i]! / (1 - beta2 ** (step + 1))) + epsilon;
        const direction = m[name][i]! / (1 - beta1 ** (step + 1)) / corrected;
        const decay = name === 'matrix' ? weightDecay * p[name][i]! : 0;
        p[name][i] = p[name][i]! - rate * (direction + decay);
      });
    }
  });
  return p;
}

describe.each([
  ['clipped', config],
  ['not clipped', { ...config, clipNorm: null }],
  ['with another weight decay', { ...config, weightDecay: 0.001 }],
] as const)('%s', (_, options) => {
  test('five steps give what the paper gives in float64; only matrices decay', () => {
    let state: TrainState = initState(arrays(start));
    gradients.forEach((gradient, step) => {
      const g = arrays(gradient);
      const t = step + 1;
      const rates = np.array([0.02, 1 - options.beta1 ** t, 1 - options.beta2 ** t]);
      state = adamwStep(state, g, globalNorm(g), rates, options);
    });
    const expected = reference(options, 0.02);
    for (const name of ['matrix', 'gain'] as const) {
      const actual = state.params[name]!.dataSync();
      const worst = Math.max(...expected[name].map((value, i) => Math.abs(value - actual[i]!)));
      expect(worst, name).toBeLessThan(1e-6);
    }
  });
});

test('the norm is over all gradients', () => {
  expect(globalNorm({ a: np.array([3]), b: np.array([[4]]) }).item()).toBe(5);
});
