/** @file GPTQ as the paper and the original program write it, in plain float64 loops: the oracle of `gptq`. */
import { chooseAffine, createAffineCoder, type Matrix } from '@bitcliff/kernels';
import type { GptqMethod } from '../../method.ts';
import { affineOptions } from '../../schemes/encode-weight.ts';
import type { IntegerScheme } from '../../weight-scheme.ts';

/** Codes, scales and zero points as {@link gptq} gives them; H positive definite with its damping. */
export function gptqRef(
  weight: Matrix,
  H: Float64Array,
  scheme: IntegerScheme,
  { blockSize, actOrder, staticGroups }: Pick<GptqMethod, 'blockSize' | 'actOrder' | 'staticGroups'>,
): { codes: Uint8Array; scale: Float32Array; zeroPoint: Float32Array } {
  const { data, rows: K, columns: N } = weight;
  const options = affineOptions(scheme);
  const { codeOf } = createAffineCoder(options);
  const order = Array.from({ length: K }, (_, k) => k);
  if (actOrder) order.sort((a, b) => H[b * K + b]! - H[a * K + a]! || a - b);
  const U = choleskyUpper(
    inverse(
      H.map((_, i) => H[order[Math.floor(i / K)]! * K + order[i % K]!]!),
      K,
    ),
    K,
  );
  const groupSize = scheme.groupSize ?? K;
  const groups = Math.ceil(K / groupSize);
  const [scale, zeroPoint] = [new Float32Array(groups * N), new Float32Array(groups * N)];
  const codes = new Uint8Array(K * N);
  for (let n = 0; n < N; n++) {
    const w = order.map((k) => data[k * N + n]!);
    const fit = (group: number, values: readonly number[]): void => {
      const fitted = chooseAffine(
        Float32Array.of(Math.min(...values)),
        Float32Array.of(Math.max(...values)),
        options,
      );
      scale[group * N + n] = fitted.scale[0]!;
      zeroPoint[group * N + n] = fitted.zeroPoint[0]!;
    };
    const isStatic = staticGroups || groups === 1;
    for (let g = 0; isStatic && g < groups; g++) {
      const rows = Array.from(
        { length: Math.min(groupSize, K - g * groupSize) },
        (_, r) => g * groupSize + r,
      );
      fit(
        g,
        rows.map((k) => data[k * N + n]!),
      );
    }
    let outer = w.slice(); // as it was at the start of the block
    for (let i = 0; i < K; i++) {
      if (i % blockSize === 0) outer = w.slice();
      const group = Math.floor((isStatic ? order[i]! : i) / groupSize);
      if (!isStatic && i % groupSize === 0) fit(group, outer.slice(i, i + groupSize));
      const [s, z] = [scale[group * N + n]!, zeroPoint[group * N + n]!];
      const code = codeOf(Math.fround(w[i]!), s, z);
      codes[order[i]! * N + n] = code;
      const error = (w[i]! - (code - z) * s) / U[i * K + i]!;
      for (let later = i + 1; later < K; later++) w[later]! -= error * U[i * K + later]!;
    }
  }
  return { codes, scale, zeroPoint };
}

/** Gauss–Jordan with the diagonal as pivots. */
function inverse(matrix: Float64Array, n: number): Float64Array {
  const a = matrix.slice();
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) out[i * n + i] = 1;
  for (let p = 0; p < n; p++) {
    const pivot = a[p * n + p]!;
    for (let j = 0; j < n; j++) {
      a[p * n + j]! /= pivot;
      out[p * n + j]! /= pivot;
    }
    for (let i = 0; i < n; i++) {
      const factor = a[i * n + p]!;
      if (i === p || factor === 0) continue;
      for (let j = 0; j < n; j++) {
        a[i * n + j]! -= factor * a[p * n + j]!;
        out[i * n + j]! -= factor * out[p * n + j]!;
      }
    }
  }
  return out;
}

/** A = Uᵀ U, row by row. */
function choleskyUpper(matrix: Float64Array, n: number): Float64Array {
  const U = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      let sum = matrix[i * n + j]!;
      for (let p = 0; p < i; p++) sum -= U[p * n + i]! * U[p * n + j]!;
      U[i * n + j] = i === j ? Math.sqrt(sum) : sum / U[i * n + i]!;
    }
  }
  return U;
}
