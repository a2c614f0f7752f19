/**
 * @file HQQ (half-quadratic quantization, mobiusml/hqq): data-free. Fits the zero points so that ‖W − Q⁻¹(Q(W))‖_p, p < 1, is small,
 * which lets a few weights be far off for the sake of the rest. README.md beside has the equations and what differs.
 */

import { roundToBF16, roundToF16 } from '@bitcliff/formats';
import { type AffineMatrix, chooseAffine, groupRangesRef, type Matrix } from '@bitcliff/kernels';
import type { HqqMethod } from '../../method.ts';
import { affineOptions } from '../../schemes/encode-weight.ts';
import type { IntegerScheme } from '../../weight-scheme.ts';

const ROUND = { F32: Math.fround, F16: roundToF16, BF16: roundToBF16 } as const;
const TO_EVEN = 6_755_399_441_055_744; // 1.5 · 2^52: adding and subtracting it rounds half to even

/** What HQQ made of one layer. */
export interface HqqResult {
  readonly matrix: AffineMatrix;
  /** Mean |W − Ŵ| before each update. */
  readonly history: readonly number[];
}

/**
 * @param weight W [in, out], finite
 * @param scheme asymmetric integers on the grid "hqq"; scales and zero points are stored in `scaleDtype`
 */
export function hqq(weight: Matrix, scheme: IntegerScheme, method: Omit<HqqMethod, 'name'>): HqqResult {
  const { data, rows, columns } = weight;
  const options = affineOptions(scheme);
  const maxCode = 2 ** scheme.bits - 1;
  const { min, max, groupSize } = groupRangesRef(weight, options);
  const { scale, zeroPoint: zero } = chooseAffine(min, max, options);
  const inverse = scale.map((s) => 1 / s);
  const counts = Array.from({ length: Math.ceil(rows / groupSize) }, (_, g) =>
    Math.min(groupSize, rows - g * groupSize),
  );
  let { beta } = method;
  let bestError = Infinity;
  let bestZero = zero.slice();
  const history: number[] = [];

  for (let iteration = 0; iteration < method.iterations; iteration++) {
    const sums = new Float64Array(zero.length); // Σ q − (w − w_e) a
    let error = 0;
    // |d| below it shrinks to 0: |d| ≤ |d|^(p−1) / beta
    const threshold = beta ** (-1 / (2 - method.norm));
    for (let r = 0, i = 0; r < rows; r++) {
      const first = Math.floor(r / groupSize) * columns;
      for (let g = first; g < first + columns; g++, i++) {
        const w = data[i]!;
        const a = inverse[g]!;
        const z = zero[g]!;
        const code = w * a + z + TO_EVEN - TO_EVEN;
        const q = Math.max(0, Math.min(maxCode, code));
        const d = w - (q - z) / a;
        const size = Math.abs(d);
        error += size;
        const shrunk = size <= threshold ? 0 : Math.sign(d) * (size - size ** (method.norm - 1) / beta);
        sums[g]! += q - (w - shrunk) * a;
      }
    }
    error /= data.length;
    history.push(error);
    const improved = error < bestError;
    if (improved) {
      bestError = error;
      if (method.solver === 'v2') bestZero = zero.slice();
    }
    for (let g = 0; g < zero.length; g++) zero[g] = sums[g]! / counts[Math.floor(g / columns)]!;
    if (method.solver === 'v2') beta *= method.kappa;
    else if (!improved) break;
  }
  const round = ROUND[scheme.scaleDtype];
  const zeroPoint = (method.solver === 'v2' ? bestZero : zero).map(round);
  const codes = new Uint8Array(data.length);
  for (let r = 0, i = 0; r < rows; r++) {
    const first = Math.floor(r / groupSize) * columns;
    for (let g = first; g < first + columns; g++, i++) {
      const code = data[i]! * inverse[g]! + zeroPoint[g]! + TO_EVEN - TO_EVEN;
      codes[i] = Math.max(0, Math.min(maxCode, code));
    }
  }
  const { bits, symmetric } = scheme;
  return { matrix: { codes, scale, zeroPoint, groupSize, rows, columns, bits, symmetric }, history };
}
