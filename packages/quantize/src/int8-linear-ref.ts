/** @file What an int8 linear layer computes, in plain float64: the oracle of the runtimes that run it. */
import { roundHalfToEven } from '@bitcliff/core';
import type { Matrix } from '@bitcliff/kernels';
import type { LinearWeights } from './linear-weights.ts';

/**
 * Y = X W as an int8 layer computes it: s_x = absmax / 127 of the regular entries of a token (or of all tokens), codes half to even,
 * an exact integer product, and the outliers' product added. A token of zeros gives zeros.
 * @param x [tokens, in], one call's inputs
 * @returns f64[tokens × out]
 */
export function int8LinearRef(x: Matrix, linear: LinearWeights & { kind: 'int8' }): Float64Array {
  const { rows: T, columns: K } = x;
  const { codes, scale, activations, inputScale, outliers } = linear;
  const N = scale.length;
  const X = Float64Array.from(x.data, (value, i) =>
    inputScale === null ? value : value / inputScale[i % K]!,
  );
  const large = Uint8Array.from(X, (value) =>
    Number(outliers !== null && Math.abs(value) >= outliers.threshold),
  );
  const apart = large.slice();
  if (outliers?.scope === 'batch') {
    for (let i = 0; i < X.length; i++)
      if (large[i] === 1) for (let t = 0; t < T; t++) apart[t * K + (i % K)] = 1;
  }
  const absmax = new Float64Array(T);
  for (let i = 0; i < X.length; i++) {
    const t = Math.floor(i / K);
    if (large[i] === 0) absmax[t] = Math.max(absmax[t]!, Math.abs(X[i]!));
  }
  if (activations.granularity === 'perTensor') absmax.fill(absmax.reduce((a, b) => Math.max(a, b), 0));
  const Y = new Float64Array(T * N);
  for (let t = 0; t < T; t++) {
    const s = absmax[t]! / 127;
    for (let n = 0; n < N; n++) {
      let sum = 0; // integers: exact
      let float = 0;
      for (let k = 0; k < K; k++) {
        const value = X[t * K + k]!;
        if (apart[t * K + k] === 1) float += value * codes[k * N + n]!;
        else if (s > 0) sum += roundHalfToEven(value / s) * codes[k * N + n]!;
      }
      Y[t * N + n] = (sum * s + float) * scale[n]!;
    }
  }
  return Y;
}
