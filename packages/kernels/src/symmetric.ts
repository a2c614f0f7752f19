/**
 * @file Uniform symmetric absmax quantization, the arithmetic of both kernels and references (INT8 paper §2; quant-spec.md B.0).
 * For the elements x that share a scale: s = absmax / quantMax, q = clamp(round-half-to-even(x / s), ±quantMax), x̂ = q · s,
 * with quantMax = 2^(bits−1) − 1. Every operation is one correctly rounded f32 operation, in this order, on every backend.
 * A group of zeros has s = 0, codes 0 and x̂ = 0.
 */
import { InvalidInputError } from '@bitcliff/core';
import type { MatrixGranularity } from './matrix.ts';

/** Options of symmetric quantization. */
export interface SymmetricOptions {
  /** Bits of a code, 2 to 8. */
  readonly bits: number;
  readonly granularity: MatrixGranularity;
}

/** Integer codes with their scales. */
export interface QuantizedMatrix {
  /** i8[rows × columns], each in [−(2^(bits−1)−1), 2^(bits−1)−1]. */
  readonly codes: Int8Array;
  /** f32[rows] or f32[columns], ≥ 0. */
  readonly scale: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly granularity: MatrixGranularity;
  readonly bits: number;
}

/** Largest code of a symmetric scheme. @param bits integer in [2, 8] @throws {InvalidInputError} otherwise */
export function quantMax(bits: number): number {
  if (!Number.isInteger(bits) || bits < 2 || bits > 8) {
    throw new InvalidInputError({
      op: 'quantMax',
      problem: 'bad bit width',
      expected: 'an integer from 2 to 8',
      received: bits,
    });
  }
  return 2 ** (bits - 1) - 1;
}
