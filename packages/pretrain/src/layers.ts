/**
 * @file The layers of a decoder as operations on a tape.
 * Shapes: B windows, T tokens, D hidden, N heads, K key/value heads, H head size, V vocabulary.
 */
import { nn, numpy as np } from '@jax-js/jax';
import type { Tape, TapeNode } from './tape.ts';

/** x·W + b. @param x [B, T, in]  @param W [in, out], or [out, in] with `transposed`  @param b [out] */
export function linear(
  tape: Tape,
  x: TapeNode,
  W: TapeNode,
  b: TapeNode | undefined,
  transposed = false,
): TapeNode {
  const product = (x: np.Array, W: np.Array): np.Array => np.matmul(x, transposed ? W.transpose() : W);
  if (b === undefined) return tape.apply(product, [x, W]);
  return tape.apply((x, W, b) => product(x, W).add(b), [x, W, b]);
}

/** The residual connection. */
export function add(tape: Tape, x: TapeNode, y: TapeNode): TapeNode {
  return tape.apply((x, y) => x.add(y), [x, y]);
}

/** Rows of a table. @param table [rows, D]  @param ids i32[B, T], consumed  @returns [B, T, D] */
export function lookUp(tape: Tape, table: TapeNode, ids: np.Array): TapeNode {
  return tape.apply((table, ids) => np.take(table, ids, 0), [table], { constants: [ids] });
}

const mean = (x: np.Array): np.Array => np.mean(x, -1, { keepdims: true });

/**
 * (x − mean)/√(variance + ε)·gain + bias over the last axis.
 * @param precision `f32`: one operation in float32, its result rounded. `half`: every step is stored, so squares and their mean are rounded,
 * and in fp16 overflow from 256 on
 */
export function layerNorm(
  tape: Tape,
  x: TapeNode,
  gain: TapeNode,
  bias: TapeNode,
  epsilon: number,
  precision: 'f32' | 'half',
): TapeNode {
  const inverseDeviation = (variance: np.Array): np.Array => np.reciprocal(np.sqrt(variance.add(epsilon)));
  if (precision === 'f32') {
    const normalize = (x: np.Array, gain: np.Array, bias: np.Array): np.Array => {
      const centered = x.ref.sub(mean(x));
      const variance = mean(np.square(centered.ref));
      return centered.mul(inverseDeviation(variance)).mul(gain).add(bias);
    };
    return tape.apply(normalize, [x, gain, bias]);
  }
  const centered = tape.apply((x, m) => x.sub(m), [x, tape.apply(mean, [x])]);
  const variance = tape.apply(mean, [tape.apply((c) => np.square(c), [centered])]);
  const scale = tape.apply(inverseDeviation, [variance]);
  const normalized = tape.apply((c, s) => c.mul(s), [centered, scale]);
  return tape.apply((n, gain, bias) => n.mul(gain).add(bias), [normalized, gain, bias]);
}

/** x/√(mean(x²) + ε)·gain over the last axis. @param precision as in {@link layerNorm} */
export function rmsNorm(
  tape: Tape,
  x: TapeNode,
  gain: TapeNode,
  epsilon: number,
  precision: 'f32' | 'half',
): TapeNode {
  const inverseSize = (meanSquare: np.Array): np.Array => np.reciprocal(np.sqrt(meanSquare.add(epsilon)));
  if (precision === 'f32') {
    const normalize = (x: np.Array, gain: np.Array): np.Array =>
      x.ref.mul(inverseSize(mean(np.square(x)))).mul(gain);
    return tape.apply(normalize, [x, gain]);
  }
  const meanSquare = tape.apply(mean, [tape.apply((x) => np.square(x), [x])]);
  const scale = tape.apply(inverseSize, [meanSquare]);
  const normalized = tape.apply((x, s) => x.mul(s), [x, scale]);
  return tape.apply((n, gain) => n.mul(gain), [normalized, gain]);
}

/** Part `index` of the last axis as heads. @param x [B, T, parts·heads·H]  @returns [B, heads, T, H] */
export function splitHeads(tape: Tape, x: TapeNode, heads: number, headDim: number, index = 0): TapeNode {
  const width = heads * headDim;
  const split = (x: np.Array): np.Array => {
    const [B, T] = x.shape as [number, number, number];
    const part = x.slice([], [], [index * width, (index + 1) * width]);
    return part.reshape([B, T, heads, headDim]).transpose([0, 2, 1, 3]);
  };
  return tape.apply(split, [x], { rounded: 'nothing' });
}

/** Each key/value head for `times` heads in a row. @param x [B, K, T, H]  @returns [B, K·times, T, H] */
export function repeatHeads(tape: Tape, x: TapeNode, times: number): TapeNode {
  if (times === 1) return x;
  const repeat = (x: np.Array): np.Array => {
    const [B, K, T, H] = x.shape as [number, number, number, number];
    return np.broadcastTo(x.reshape([B, K, 1, T, H]), [B, K, times, T, H]).reshape([B, K * times, T, H]);
  };
  return tape.apply(repeat, [x]);
}

/**
 * softmax(q·kᵀ/√H)·v with the heads side by side. Scores and probabilities are stored, so rounded; the softmax is float32.
 * @param q, k, v [B, N, T, H]  @param visible bool[B, 1, T, T], true where row's token may see column's; not consumed
 * @returns [B, T, N·H]
 */
export function attention(tape: Tape, q: TapeNode, k: TapeNode, v: TapeNode, visible: np.Array): TapeNode {
  const [B, N, T, H] = q.value.shape as [number, number, number, number];
  const scores = tape.apply((q, k) => np.matmul(q, k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(H)), [q, k]);
  const probabilities = tape.apply(
    (scores, visible) => nn.softmax(np.where(visible, scores, Number.NEGATIVE_INFINITY), -1),
    [scores],
    { constants: [visible] },
  );
  const mixed = tape.apply((p, v) => np.matmul(p, v), [probabilities, v]);
  return tape.apply((x) => x.transpose([0, 2, 1, 3]).reshape([B, T, N * H]), [mixed], { rounded: 'nothing' });
}

/** GELU in its tanh form, as GPT-2 has it. */
export function gelu(tape: Tape, x: TapeNode): TapeNode {
  return tape.apply((x) => nn.gelu(x, { approximate: true }), [x]);
}

/** silu(gate)·up. */
export function swiGlu(tape: Tape, gate: TapeNode, up: TapeNode): TapeNode {
  return tape.apply((gate, up) => nn.silu(gate).mul(up), [gate, up]);
}

/** x·cos + rotateHalf(x)·sin, with rotateHalf([a, b]) = [−b, a]. @param x [B, heads, T, H]  @param cos, sin f32[T, H], not consumed */
export function rotate(tape: Tape, x: TapeNode, cos: np.Array, sin: np.Array): TapeNode {
  const half = x.value.shape[3]! / 2;
  const turn = (x: np.Array, cos: np.Array, sin: np.Array): np.Array => {
    const a = x.ref.slice([], [], [], [0, half]);
    const b = x.ref.slice([], [], [], [half]);
    return x.mul(cos).add(np.concatenate([b.neg(), a], -1).mul(sin));
  };
  return tape.apply(turn, [x], { constants: [cos, sin] });
}

/** Zero where `keep` is, the rest divided by `1 − rate`. @param keep f32 of the shape of x, 0 or 1; not consumed */
export function dropout(tape: Tape, x: TapeNode, keep: np.Array | undefined, rate: number): TapeNode {
  if (keep === undefined) return x;
  return tape.apply((x, keep) => x.mul(keep).mul(1 / (1 - rate)), [x], { constants: [keep] });
}

/**
 * Mean cross-entropy in nats over the targets that count, in float32.
 * @param logits [B, T, V]  @param targets i32[B, T]  @param weights f32[B, T], 1 where a target counts; not consumed
 * @returns a scalar
 */
export function crossEntropy(tape: Tape, logits: TapeNode, targets: np.Array, weights: np.Array): TapeNode {
  const V = logits.value.shape[2]!;
  const loss = (logits: np.Array, targets: np.Array, weights: np.Array): np.Array => {
    const picked = np.sum(nn.logSoftmax(logits, -1).mul(nn.oneHot(targets, V)), -1); // [B, T]
    return np.sum(picked.mul(weights.ref)).neg().div(np.sum(weights));
  };
  return tape.apply(loss, [logits], { rounded: 'gradients', constants: [targets, weights] });
}
