import { createRng } from '@bitcliff/core';
import { init, numpy as np } from '@jax-js/jax';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  add,
  attention,
  crossEntropy,
  dropout,
  gelu,
  layerNorm,
  linear,
  lookUp,
  repeatHeads,
  rmsNorm,
  rotate,
  splitHeads,
  swiGlu,
} from './layers.ts';
import {
  addRef,
  attentionRef,
  crossEntropyRef,
  dropoutRef,
  geluRef,
  layerNormRef,
  linearRef,
  lookUpRef,
  type Matrix,
  rmsNormRef,
  rotateRef,
  splitHeadsRef,
  swiGluRef,
  toMatrix,
  transposeRef,
} from './reference/reference-layers.ts';
import { Tape, type TapeNode } from './tape.ts';

beforeAll(async () => void (await init('wasm')));

// one window of T tokens
const [T, D, N, H, V] = [5, 6, 2, 4, 7];
const rng = createRng(3);
const ids = Array.from({ length: T }, () => rng.int(V));
const documents = [1, 1, 1, 2, 2];
const weights = [1, 1, 0, 1, 1];
const keepData = Float32Array.from({ length: T * D }, () => rng.int(2));
const ints = (values: readonly number[]): np.Array =>
  np.array(Int32Array.from(values), { dtype: np.int32 }).reshape([1, T]);
const visible = (): np.Array => {
  const data = documents.flatMap((d, t) => documents.map((e, s) => (s <= t && d === e ? 1 : 0)));
  return np.array(data).reshape([1, 1, T, T]).greater(0.5);
};
const rotaryTable = (f: (angle: number) => number): np.Array => {
  const angle = (t: number, i: number): number => t * 100 ** ((-2 * (i % (H / 2))) / H);
  return np
    .array(Float32Array.from({ length: T * H }, (_, i) => f(angle(Math.floor(i / H), i % H))))
    .reshape([T, H]);
};
/** [1, N, T, H] as heads. */
const heads = (x: Matrix): Matrix[] =>
  Array.from({ length: x.length / T }, (_, n) => x.slice(n * T, (n + 1) * T));

/** A layer, its plain float64 double, and the shapes of what both are differentiated by. */
interface Case {
  readonly shapes: readonly (readonly number[])[];
  readonly layer: (tape: Tape, ...inputs: TapeNode[]) => TapeNode;
  /** Inputs as matrices over the last axis. */
  readonly reference: (...inputs: Matrix[]) => Matrix;
}

const norm = { shapes: [[1, T, D], [D], [D]] };
const cases: Record<string, Case> = {
  linear: {
    shapes: [[1, T, D], [D, H], [H]],
    layer: (tape, x, W, b) => linear(tape, x, W!, b),
    reference: (x, W, b) => linearRef(x!, W!, b![0]),
  },
  'linear, transposed, without bias': {
    shapes: [
      [1, T, D],
      [H, D],
    ],
    layer: (tape, x, W) => linear(tape, x, W!, undefined, true),
    reference: (x, W) => linearRef(x!, transposeRef(W!)),
  },
  'residual connection': {
    shapes: [
      [1, T, D],
      [1, T, D],
    ],
    layer: (tape, x, y) => add(tape, x, y!),
    reference: (x, y) => addRef(x!, y!),
  },
  embedding: {
    shapes: [[V, D]],
    layer: (tape, table) => lookUp(tape, table, ints(ids)),
    reference: (table) => lookUpRef(table!, ids),
  },
  'LayerNorm in float32': {
    ...norm,
    layer: (tape, x, gain, bias) => layerNorm(tape, x, gain!, bias!, 1e-5, 'f32'),
    reference: (x, gain, bias) => layerNormRef(x!, gain![0]!, bias![0]!, 1e-5),
  },
  'LayerNorm step by step': {
    ...norm,
    layer: (tape, x, gain, bias) => layerNorm(tape, x, gain!, bias!, 1e-5, 'half'),
    reference: (x, gain, bias) => layerNormRef(x!, gain![0]!, bias![0]!, 1e-5),
  },
  'RMSNorm in float32': {
    shapes: [[1, T, D], [D]],
    layer: (tape, x, gain) => rmsNorm(tape, x, gain!, 1e-5, 'f32'),
    reference: (x, gain) => rmsNormRef(x!, gain![0]!, 1e-5),
  },
  'RMSNorm step by step': {
    shapes: [[1, T, D], [D]],
    layer: (tape, x, gain) => rmsNorm(tape, x, gain!, 1e-5, 'half'),
    reference: (x, gain) => rmsNormRef(x!, gain![0]!, 1e-5),
  },
  'heads of a fused projection': {
    shapes: [[1, T, 3 * N * H]],
    layer: (tape, x) => splitHeads(tape, x, N, H, 1),
    reference: (x) => splitHeadsRef(x!, N, H, 1).flat(),
  },
  'repeated key/value heads': {
    shapes: [[1, N, T, H]],
    layer: (tape, x) => repeatHeads(tape, x, 3),
    reference: (x) => heads(x!).flatMap((head) => [head, head, head].flat()),
  },
  attention: {
    shapes: [
      [1, N, T, H],
      [1, N, T, H],
      [1, N, T, H],
    ],
    layer: (tape, q, k, v) => attention(tape, q, k!, v!, visible()),
    reference: (q, k, v) => attentionRef(heads(q!), heads(k!), heads(v!), documents),
  },
  'rotary positions': {
    shapes: [[1, N, T, H]],
    layer: (tape, x) => rotate(tape, x, rotaryTable(Math.cos), rotaryTable(Math.sin)),
    reference: (x) => heads(x!).flatMap((head) => rotateRef(head, 100)),
  },
  GELU: {
    shapes: [[1, T, D]],
    layer: (tape, x) => gelu(tape, x),
    reference: (x) => geluRef(x!),
  },
  SwiGLU: {
    shapes: [
      [1, T, D],
      [1, T, D],
    ],
    layer: (tape, gate, up) => swiGlu(tape, gate, up!),
    reference: (gate, up) => swiGluRef(gate!, up!),
  },
  dropout: {
    shapes: [[1, T, D]],
    layer: (tape, x) => dropout(tape, x, np.array(keepData.slice()).reshape([1, T, D]), 0.25),
    reference: (x) => dropoutRef(x!, toMatrix(keepData, T), 0.25),
  },
  'cross-entropy': {
    shapes: [[1, T, V]],
    layer: (tape, logits) => crossEntropy(tape, logits, ints(ids), np.array(weights).reshape([1, T])),
    reference: (logits) => [Float64Array.of(crossEntropyRef(logits!, ids, weights) / 4)],
  },
};

// the layers compute in float32, results and gradients here are of order 1
const TOLERANCE = 2e-5;
const STEP = 1e-5; // central differences in float64: error of order STEP²

describe.each(Object.entries(cases))('%s', (_, { shapes, layer, reference }) => {
  const inputs = shapes.map((shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return Float64Array.from({ length: size }, () => Math.fround(rng.normal()));
  });
  const referenceOf = (data: readonly Float64Array[]): Float64Array => {
    const matrices = data.map((x, i) => toMatrix(x, x.length / shapes[i]!.at(-1)!));
    return Float64Array.from(reference(...matrices).flatMap((row) => [...row]));
  };
  const expected = referenceOf(inputs);
  const direction = Float32Array.from(expected, () => rng.normal());

  test('results and gradients agree with float64', () => {
    const tape = new Tape((x) => x);
    const nodes = inputs.map((x, i) => tape.leaf(np.array(Float32Array.from(x)).reshape([...shapes[i]!])));
    const out = layer(tape, ...(nodes as [TapeNode, ...TapeNode[]]));
    const actual = out.value.ref.dataSync();
    expect(difference(actual, expected)).toBeLessThan(TOLERANCE);
    tape.backward(out, np.array(direction.slice()).reshape(out.value.shape));
    nodes.forEach((node, i) => {
      const gradient = node.gradient!.dataSync();
      const numeric = inputs[i]!.map((_, j) => {
        const moved = (h: number): Float64Array =>
          referenceOf(inputs.map((x, k) => (k === i ? x.with(j, x[j]! + h) : x)));
        const [up, down] = [moved(STEP), moved(-STEP)];
        return up.reduce((sum, value, o) => sum + direction[o]! * (value - down[o]!), 0) / (2 * STEP);
      });
      expect(difference(gradient, numeric), `max |diff| by input ${i}`).toBeLessThan(TOLERANCE);
    });
  });
});

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const size = Math.abs(a[i]! - b[i]!) / Math.max(1, Math.abs(b[i]!));
    most = Number.isNaN(size) ? Number.POSITIVE_INFINITY : Math.max(most, size);
  }
  return most;
}
