/**
 * @file GPTQ (arXiv 2210.17323), after the loops of IST-DASLab/gptq; README.md beside says what differs.
 * W [in, out] here: row i is the paper's column i, and a step runs over all outputs at once.
 */
import { InvalidInputError } from '@bitcliff/core';
import {
  type AffineMatrix,
  chooseAffine,
  createAffineCoder,
  type Matrix,
  multiplyAdd,
} from '@bitcliff/kernels';
import { mapInto } from '../../internal/map-into.ts';
import type { GptqMethod } from '../../method.ts';
import { affineOptions } from '../../schemes/encode-weight.ts';
import type { InputStatistics } from '../../statistics/input-statistics.ts';
import type { IntegerScheme } from '../../weight-scheme.ts';
import { inverseFactor } from './inverse-factor.ts';

/** Damping is raised by its own size at most so many times before GPTQ gives up. */
const DAMP_STEPS = 20;

/** What GPTQ made of one layer. */
export interface GptqResult {
  readonly matrix: AffineMatrix;
  /** Σ (w − q)² / U_ii² / 2 over all weights, with H = 2 G / tokens: the "error" that the original prints. */
  readonly loss: number;
  /** Damping that was used; more than asked for when the Cholesky factorization failed with less. */
  readonly dampPercent: number;
  /** Inputs that calibration never saw above 0. Their weights become 0. */
  readonly deadInputs: number;
}

/**
 * @param weight W [in, out], finite
 * @param inputs Gram matrix of the layer's inputs
 * @param scheme integers per column or per group
 * @throws {InvalidInputError} when H stays indefinite with twenty times the damping: it has a NaN or an infinity
 */
export function gptq(
  weight: Matrix,
  inputs: Pick<InputStatistics, 'gram' | 'tokens'>,
  scheme: IntegerScheme,
  method: Omit<GptqMethod, 'name' | 'propagate'>,
): GptqResult {
  const { rows: K, columns: N } = weight;
  const { blockSize, actOrder } = method;
  const options = affineOptions(scheme);
  const coder = createAffineCoder(options);
  const groupSize = Math.min(scheme.groupSize ?? K, K);
  const groups = Math.ceil(K / groupSize);
  const staticGroups = method.staticGroups || groups === 1;
  const scale = new Float32Array(groups * N);
  const zeroPoint = new Float32Array(groups * N);

  // scale and zero point of a group from rows of a matrix [in, out]
  const fitGroup = (group: number, w: Float32Array | Float64Array, firstRow: number, count: number): void => {
    const min = new Float32Array(N).fill(Infinity);
    const max = new Float32Array(N).fill(-Infinity);
    for (let r = 0, at = firstRow * N; r < count; r++) {
      for (let j = 0; j < N; j++, at++) {
        const x = w[at]!;
        if (x < min[j]!) min[j] = x;
        if (x > max[j]!) max[j] = x;
      }
    }
    const fitted = chooseAffine(min, max, options);
    scale.set(fitted.scale, group * N);
    zeroPoint.set(fitted.zeroPoint, group * N);
  };
  if (groups === 1) fitGroup(0, weight.data, 0, K); // before dead inputs are cleared, as the original

  const { H, dead } = hessian(inputs, K);
  const original = weight.data.slice();
  for (const k of dead) original.fill(0, k * N, (k + 1) * N);
  if (groups > 1 && staticGroups) {
    for (let g = 0; g < groups; g++)
      fitGroup(g, original, g * groupSize, Math.min(groupSize, K - g * groupSize));
  }
  const order = inputOrder(H, K, actOrder);
  const { U, dampPercent } = dampedFactor(actOrder ? permuted(H, K, order) : H, K, method.dampPercent);

  const W = new Float64Array(K * N); // [in in order, out]
  for (let i = 0; i < K; i++) W.set(original.subarray(order[i]! * N, (order[i]! + 1) * N), i * N);
  const codes = new Uint8Array(K * N); // original order
  const groupIndex = new Uint32Array(K); // original order
  let loss = 0;

  for (let start = 0; start < K; start += blockSize) {
    const end = Math.min(K, start + blockSize);
    const size = end - start;
    const block = W.slice(start * N, end * N);
    const Err = new Float64Array(size * N);
    for (let i = start; i < end; i++) {
      const input = order[i]!;
      const group = Math.floor((staticGroups ? input : i) / groupSize);
      groupIndex[input] = group;
      // on W as it was at the start of the block
      if (!staticGroups && i % groupSize === 0) fitGroup(group, W, i, Math.min(groupSize, K - i));
      const d = U[i * K + i]!;
      const row = (i - start) * N;
      for (let j = 0, g = group * N, out = input * N; j < N; j++, g++, out++) {
        const w = block[row + j]!;
        const code = coder.codeOf(Math.fround(w), scale[g]!, zeroPoint[g]!);
        codes[out] = code;
        const error = (w - Math.fround(code - zeroPoint[g]!) * scale[g]!) / d;
        Err[row + j] = error;
        loss += (error * error) / 2;
      }
      for (let later = i + 1; later < end; later++) {
        const u = U[i * K + later]!;
        for (let j = 0, at = (later - start) * N; j < N; j++, at++)
          block[at] = block[at]! - u * Err[row + j]!;
      }
    }
    if (end === K) break;
    // W[rest] −= U[block, rest]ᵀ Err
    const rest = K - end;
    const UT = new Float64Array(rest * size);
    for (let i = 0; i < size; i++)
      for (let r = 0; r < rest; r++) UT[r * size + i] = U[(start + i) * K + end + r]!;
    multiplyAdd(
      { data: W, offset: end * N, stride: N },
      { data: UT, stride: size },
      { data: Err, stride: N },
      { m: rest, n: N, k: size },
      -1,
    );
  }
  const { bits, symmetric } = scheme;
  const matrix = { codes, scale, zeroPoint, groupSize, rows: K, columns: N, bits, symmetric };
  return {
    matrix: actOrder && !staticGroups ? { ...matrix, groupIndex } : matrix,
    loss,
    dampPercent,
    deadInputs: dead.length,
  };
}

/** H = 2 G / tokens; inputs that were never above 0 get 1 on the diagonal. */
function hessian({ gram, tokens }: Pick<InputStatistics, 'gram' | 'tokens'>, K: number) {
  const H = mapInto(new Float64Array(gram.length), gram, (g) => (2 * g) / tokens);
  const dead: number[] = [];
  for (let k = 0; k < K; k++) {
    if (H[k * K + k] !== 0) continue;
    dead.push(k);
    H[k * K + k] = 1;
  }
  return { H, dead };
}

/** Inputs in the order in which they are rounded; equal ones keep their order. */
function inputOrder(H: Float64Array, K: number, actOrder: boolean): Uint32Array {
  const order = Uint32Array.from({ length: K }, (_, k) => k);
  if (actOrder) order.sort((a, b) => H[b * K + b]! - H[a * K + a]! || a - b);
  return order;
}

function permuted(H: Float64Array, K: number, order: Uint32Array): Float64Array {
  const out = new Float64Array(K * K);
  for (let i = 0; i < K; i++) {
    for (let j = 0; j < K; j++) out[i * K + j] = H[order[i]! * K + order[j]!]!;
  }
  return out;
}

/** Add damping to the diagonal until H is positive definite. */
function dampedFactor(
  H: Float64Array,
  K: number,
  dampPercent: number,
): { U: Float64Array; dampPercent: number } {
  let mean = 0;
  for (let k = 0; k < K; k++) mean += H[k * K + k]! / K;
  for (let step = 1; step <= DAMP_STEPS; step++) {
    for (let k = 0; k < K; k++) H[k * K + k]! += dampPercent * mean;
    const U = inverseFactor(H, K);
    if (U !== null) return { U, dampPercent: step * dampPercent };
  }
  throw new InvalidInputError({
    op: 'gptq',
    problem: 'the Hessian of the inputs is not positive definite',
    expected: `a finite Gram matrix`,
    received: `a failure with ${DAMP_STEPS} times the damping ${dampPercent}`,
    hint: 'Look for NaN or infinities in the calibration activations',
  });
}
