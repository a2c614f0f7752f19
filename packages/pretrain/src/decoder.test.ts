import { createRng } from '@bitcliff/core';
import { init, numpy as np, tree } from '@jax-js/jax';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  decoderLogits,
  initParams,
  lossAndGradients,
  type PassOptions,
  parameterCount,
  weightSpecs,
} from './decoder.ts';
import type { Params } from './decoder-inputs.ts';
import type { ModelConfig } from './model-config.ts';
import { ROUNDINGS } from './precision.ts';
import { type ReferenceWeight, referenceLogits, referenceLoss } from './reference/reference-loss.ts';
import { packWindows, toBatch } from './windows.ts';

beforeAll(async () => void (await init('wasm')));

const sizes = {
  vocabularySize: 11,
  hiddenSize: 8,
  layers: 2,
  intermediateSize: 12,
  sequenceLength: 7,
  normEpsilon: 1e-5,
};
const gpt2: ModelConfig = { architecture: 'gpt2', heads: 2, ...sizes };
const llama: ModelConfig = { architecture: 'llama', heads: 4, keyValueHeads: 2, ropeTheta: 100, ...sizes };
const F32: PassOptions = { precision: 'f32', normPrecision: 'f32', dropout: 0 };

const rng = createRng(5);
const document = (length: number): number[] => Array.from({ length }, () => rng.int(sizes.vocabularySize));
const windows = packWindows([document(4), document(4), document(8), document(5)], 7);
const ids = [0, 1, 2];

/** Weights far enough from the beginning that norms and biases matter. */
function someParams(config: ModelConfig): { params: Params; weights: Map<string, ReferenceWeight> } {
  const start = initParams(config, 0.4, 9);
  const weights = new Map<string, ReferenceWeight>();
  const params: Params = {};
  for (const [name, { shape }] of weightSpecs(config)) {
    const data = Float32Array.from(start[name]!.dataSync(), (x) => x + 0.2 * rng.normal());
    weights.set(name, { shape, data: Float64Array.from(data) });
    params[name] = np.array(data).reshape([...shape]);
  }
  return { params, weights };
}

const columns = (): Record<string, number[][]> => {
  const batch = toBatch(windows, ids);
  return Object.fromEntries(
    Object.entries(batch).map(([name, array]) => {
      const data = [...array.dataSync()];
      return [name, ids.map((_, r) => data.slice(7 * r, 7 * r + 7))];
    }),
  );
};

describe.each([
  ['gpt2', gpt2],
  ['llama', llama],
] as const)('%s', (_, config) => {
  const { params, weights } = someParams(config);
  const rows = columns();
  const reference = ids.map((_, r) => ({
    tokens: rows.tokens![r]!,
    documents: rows.documents![r]!,
    positions: rows.positions![r]!,
    targets: rows.targets![r]!,
    weights: rows.weights![r]!,
  }));

  test('logits are those of the float64 reference', () => {
    const { tokens, documents, positions } = toBatch(windows, ids);
    const logits = decoderLogits(tree.ref(params), { tokens, documents, positions }, config, F32).dataSync();
    const expected = reference.flatMap((w) => referenceLogits(weights, w, config).flatMap((row) => [...row]));
    const worst = Math.max(...expected.map((value, i) => Math.abs(value - logits[i]!)));
    expect(worst).toBeLessThan(2e-5);
  });

  test('loss and the gradient of every weight are those of the float64 reference', () => {
    const batch = toBatch(windows, ids);
    const { loss, gradients } = lossAndGradients(
      tree.ref(params),
      batch,
      np.ones([]),
      undefined,
      config,
      F32,
    );
    expect(Math.abs(loss.item() - referenceLoss(weights, reference, config))).toBeLessThan(1e-5);
    let worst = { size: 0, name: '' };
    for (const [name, { shape, data }] of weights) {
      const gradient = gradients[name]!.dataSync();
      // every tenth weight, each tensor's first and last among them: the layers are checked one by one elsewhere
      for (let j = 0; j < data.length; j += Math.max(1, Math.min(10, data.length - 1))) {
        const at = (h: number): number =>
          referenceLoss(
            new Map(weights).set(name, { shape, data: data.with(j, data[j]! + h) }),
            reference,
            config,
          );
        const size = Math.abs((at(1e-5) - at(-1e-5)) / 2e-5 - gradient[j]!);
        if (!(size <= worst.size)) worst = { size, name: `${name}[${j}]` };
      }
    }
    expect(worst.size, worst.name).toBeLessThan(2e-5);
  });

  test('a document scores in a window as it does alone', () => {
    const alone = packWindows([[...windows.tokens.subarray(4, 8)]], 7);
    const logits = (w: typeof windows): ArrayLike<number> => {
      const { tokens, documents, positions } = toBatch(w, [0]);
      return decoderLogits(tree.ref(params), { tokens, documents, positions }, config, F32).dataSync();
    };
    const [together, own] = [logits(windows), logits(alone)];
    for (let i = 0; i < 3 * 11; i++) expect(together[4 * 11 + i]).toBeCloseTo(own[i]!, 5);
  });

  test.each(['bf16', 'fp16'] as const)('%s logits and gradients are numbers of that format', (precision) => {
    const pass: PassOptions = { precision, normPrecision: 'half', dropout: 0 };
    const { tokens, documents, positions } = toBatch(windows, ids);
    const logits = decoderLogits(tree.ref(params), { tokens, documents, positions }, config, pass);
    const batch = toBatch(windows, ids);
    const { gradients } = lossAndGradients(tree.ref(params), batch, np.ones([]), undefined, config, pass);
    for (const array of [logits, ...Object.values(gradients)]) {
      const values = array.ref.dataSync();
      expect(ROUNDINGS[precision](array).dataSync()).toEqual(values);
    }
  });

  test('bf16 is near float32, and not float32', () => {
    const loss = (pass: PassOptions): number =>
      lossAndGradients(
        tree.ref(params),
        toBatch(windows, ids),
        np.ones([]),
        undefined,
        config,
        pass,
      ).loss.item();
    const difference = Math.abs(loss({ ...F32, precision: 'bf16' }) - loss(F32));
    expect(difference).toBeGreaterThan(1e-6);
    expect(difference).toBeLessThan(0.05);
  });

  test('the loss scale multiplies the gradients', () => {
    const gradients = (scale: number): Params =>
      lossAndGradients(tree.ref(params), toBatch(windows, ids), np.array(scale), undefined, config, F32)
        .gradients;
    const [one, many] = [gradients(1), gradients(1024)];
    for (const [name, gradient] of Object.entries(one)) {
      const expected = gradient.dataSync().map((x) => 1024 * x);
      expect(many[name]!.dataSync()).toEqual(expected);
    }
  });

  test('dropout changes the loss, the same way for the same key', () => {
    const loss = (key: number): number =>
      lossAndGradients(
        tree.ref(params),
        toBatch(windows, ids),
        np.ones([]),
        np.array(Uint32Array.of(1, key), { dtype: np.uint32 }),
        config,
        { ...F32, dropout: 0.5 },
      ).loss.item();
    expect(loss(1)).toBe(loss(1));
    expect(loss(1)).not.toBe(loss(2));
  });

  test('counts its weights', () => {
    const count = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(parameterCount(config)).toBe(count);
  });
});
