import { createRng } from '@bitcliff/core';
import { grad, jit, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { expect, test } from 'vitest';
import { fromHubConfig, fromTensors, toHubConfig, toTensors } from './checkpoint.ts';
import { forward, initParams, loss, type ModelConfig, type Params, parameterCount } from './model.ts';
import {
  adamw,
  initState,
  learningRateAt,
  type OptimizerConfig,
  scheduleAt,
  type TrainState,
} from './optimizer.ts';

const config: ModelConfig = {
  vocabSize: 11,
  hiddenSize: 8,
  intermediateSize: 12,
  numHiddenLayers: 2,
  numAttentionHeads: 4,
  numKeyValueHeads: 2,
  headDim: 4,
  maxPositionEmbeddings: 16,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
};
const [B, T] = [2, 6];
const rng = createRng(4);
const params = initParams(config, rng);
const ints = (): Int32Array<ArrayBuffer> =>
  Int32Array.from({ length: B * T }, () => rng.int(config.vocabSize));
const [tokens, targets] = [ints(), ints()];
const texts = Int32Array.from({ length: B * T }, (_, i) => (i === T || i === T + 1 ? 0 : 1)); // row 1 holds two
const weights = Float32Array.from({ length: B * T }, (_, i) => (i % 5 === 0 ? 0 : 1));
const array = (data: Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>): np.Array =>
  np.array(data, { dtype: data instanceof Int32Array ? np.int32 : np.float32 }).reshape([B, T]);
const lossOf = (p: Params): np.Array =>
  loss(p, array(tokens), array(texts), array(targets), array(weights), config);

test('the gradient of every weight agrees with finite differences', () => {
  const grads = tree.leaves<np.Array>(grad(lossOf)(tree.ref(params)));
  const leaves = tree.leaves<np.Array>(params);
  const structure = tree.structure(params);
  leaves.forEach((leaf, i) => {
    const size = Math.hypot(...leaf.ref.dataSync()) / Math.sqrt(leaf.size);
    const direction = Float32Array.from({ length: leaf.size }, () => rng.normal() * size);
    const at = (step: number): number => {
      const moved = leaves.map((other, j) =>
        j === i ? other.ref.add(np.array(direction).reshape(other.shape).mul(step)) : other.ref,
      );
      return lossOf(tree.unflatten(structure, moved) as Params).item();
    };
    const h = 0.01;
    const numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h); // error of order h⁴
    const gradient = grads[i]!.ref.dataSync();
    const exact = direction.reduce((sum, d, k) => sum + d * gradient[k]!, 0);
    expect(Math.abs(numeric - exact), `leaf ${i}: ${numeric}, ${exact}`).toBeLessThan(
      2e-4 + 0.005 * Math.abs(exact),
    );
  });
});

test('a position does not see later tokens', () => {
  const logits = (data: Int32Array<ArrayBuffer>): Float32Array =>
    forward(tree.ref(params), array(data), array(texts), config).dataSync() as Float32Array;
  const changed = tokens.slice();
  changed[T - 1] = (changed[T - 1]! + 1) % config.vocabSize;
  const [a, b] = [logits(tokens), logits(changed)];
  const begin = (T - 1) * config.vocabSize;
  expect(b.subarray(0, begin)).toEqual(a.subarray(0, begin));
  expect(b.subarray(begin, begin + config.vocabSize)).not.toEqual(
    a.subarray(begin, begin + config.vocabSize),
  );
});

test('a text after another in a row scores as it does in a row of its own', () => {
  const logits = (data: Int32Array<ArrayBuffer>, numbers: Int32Array<ArrayBuffer>): Float32Array =>
    forward(tree.ref(params), array(data), array(numbers), config).dataSync() as Float32Array;
  const half = T / 2;
  const joined = Int32Array.from([
    ...tokens.slice(0, half),
    ...tokens.slice(T, T + half),
    ...tokens.slice(T),
  ]);
  const numbers = Int32Array.from({ length: B * T }, (_, i) => (i >= half && i < T ? 1 : 0));
  const [a, b] = [logits(joined, numbers), logits(joined, new Int32Array(B * T))];
  const V = config.vocabSize;
  for (let i = 0; i < half * V; i++) expect(a[half * V + i]).toBeCloseTo(b[T * V + i]!, 5);
});

test('weights, names and sizes survive the checkpoint', async () => {
  const tensors = await toTensors(params);
  expect(tensors.get('model.layers.1.mlp.down_proj.weight')?.shape).toEqual([8, 12]);
  expect(tensors.get('model.layers.0.self_attn.k_proj.weight')?.shape).toEqual([8, 8]);
  const count = [...tensors.values()].reduce((sum, t) => sum + t.data.length, 0);
  expect(count).toBe(parameterCount(config));
  const hub = toHubConfig(config);
  expect(fromHubConfig(hub as Record<string, number>)).toEqual(config);
  const again = await toTensors(fromTensors(tensors, config));
  expect(again).toEqual(tensors);
});

const optimizer: OptimizerConfig = {
  steps: 30,
  warmupSteps: 5,
  learningRate: 0.02,
  finalFraction: 0.1,
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clipNorm: 1,
};

test('the schedule rises to the learning rate and falls to its last part', () => {
  expect(learningRateAt(0, optimizer)).toBeCloseTo(0.004);
  expect(learningRateAt(4, optimizer)).toBeCloseTo(0.02);
  expect(learningRateAt(30, optimizer)).toBeCloseTo(0.002);
});

test('the first AdamW step moves each weight by the learning rate against its gradient, plus decay', () => {
  const p = np.array([[1, -2]]);
  const state = initState({ embed: p, layers: [], norm: np.array([3]) });
  const grads: Params = { embed: np.array([[0.3, -0.4]]), layers: [], norm: np.array([0]) };
  const next = adamw(state, grads, scheduleAt(4, { ...optimizer, beta1: 0, beta2: 0 }), {
    ...optimizer,
    beta1: 0,
    beta2: 0,
  });
  const lr = 0.02;
  const [x, y] = next.params.embed.dataSync();
  expect(x).toBeCloseTo(1 - lr * (1 + 0.1 * 1), 5);
  expect(y).toBeCloseTo(-2 - lr * (-1 + 0.1 * -2), 5);
  expect(next.params.norm.dataSync()[0]).toBe(3);
});

test('training on one batch lowers its loss', () => {
  const step = jit((state: TrainState, schedule: np.Array) => {
    const [value, grads] = valueAndGrad(lossOf)(tree.ref(state.params));
    return { loss: value, state: adamw(state, grads as Params, schedule, optimizer) };
  });
  let state = initState(tree.ref(params));
  const losses: number[] = [];
  for (let i = 0; i < optimizer.steps; i++) {
    const result = step(state, scheduleAt(i, optimizer));
    state = result.state;
    losses.push(result.loss.item());
  }
  expect(losses.at(-1)).toBeLessThan(0.5 * losses[0]!);
});
