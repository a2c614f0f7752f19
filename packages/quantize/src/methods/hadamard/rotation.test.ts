import { createRng, UnsupportedError } from '@bitcliff/core';
import type { Matrix } from '@bitcliff/kernels';
import { describe, expect, it } from 'vitest';
import { worst } from '../../../test/read-golden.ts';
import { fakeQuantize } from '../../schemes/encode-weight.ts';
import { hadamardOrder } from './hadamard-matrix.ts';
import {
  centerOutputs,
  createRotation,
  fastWalshHadamard,
  foldGain,
  rotateInputs,
  rotateOutputs,
} from './rotation.ts';

const rng = createRng(2);
const random = (rows: number, columns: number): Matrix => ({
  data: Float32Array.from({ length: rows * columns }, () => rng.normal()),
  rows,
  columns,
});

describe('Hadamard matrices', () => {
  // 768 = 2^6 · 12, 2560 = 2^7 · 20, 3584 = 2^7 · 28, 1152 = 2^5 · 36, 960 = 2^4 · 60, 2^m · 44 and 84 and 140
  it.each([1, 2, 4, 8, 12, 20, 24, 28, 36, 44, 60, 64, 84, 108, 140, 288, 320])(
    'order %i: entries ±1, H Hᵀ = n I',
    (n) => {
      const h = new Float64Array(n * n);
      for (let i = 0; i < n; i++) h[i * n + i] = 1;
      fastWalshHadamard(h, n); // the rows of H
      expect(h.every((x) => Math.abs(x) === 1)).toBe(true);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j <= i; j++) {
          let dot = 0;
          for (let k = 0; k < n; k++) dot += h[i * n + k]! * h[j * n + k]!;
          expect(dot).toBe(i === j ? n : 0);
        }
      }
    },
  );

  it('has the sizes of known models, and says which it has not', () => {
    for (const size of [768, 1024, 2048, 2560, 3072, 3584, 4096, 5120])
      expect(hadamardOrder(size).size).toBe(size);
    for (const size of [0, 3, 172, 6, 1.5]) expect(() => hadamardOrder(size)).toThrow(UnsupportedError);
  });
});

describe('rotations', () => {
  it.each([
    [64, 1],
    [96, 2],
    [40, null],
  ])('size %i: Q Qᵀ = I, lengths stay', (size, seed) => {
    const rotation = createRotation(size, seed);
    const x = Float64Array.from({ length: 3 * size }, () => rng.normal());
    const there = rotation.apply(x.slice());
    expect(Math.abs(Math.hypot(...there) - Math.hypot(...x))).toBeLessThan(1e-12);
    const far = worst(rotation.applyTransposed(there), x);
    expect(far, `max |diff| ${far}`).toBeLessThan(1e-13);
  });

  it('same seed, same rotation; another seed, another', () => {
    const at = (seed: number) => [...createRotation(64, seed).apply(new Float64Array(64).fill(1))];
    expect(at(3)).toEqual(at(3));
    expect(at(3)).not.toEqual(at(4));
  });

  it('leave the outputs of a gated MLP behind an RMSNorm as they were', () => {
    const [T, H, F] = [5, 48, 40];
    const rotation = createRotation(H, 7);
    const gain = Float32Array.from({ length: H }, () => 1 + 0.3 * rng.normal());
    const [embed, gate, up, down] = [random(T, H), random(H, F), random(H, F), random(F, H)];
    const mlp = (x: Float64Array, g: Float32Array | null, weights: readonly Matrix[]): Float64Array => {
      const normed = x.map((value, i) => {
        const row = x.subarray(i - (i % H), i - (i % H) + H);
        return (value / Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / H + 1e-6)) * (g?.[i % H] ?? 1);
      });
      const [a, b] = [times(normed, weights[0]!), times(normed, weights[1]!)];
      const y = times(
        a.map((value, i) => (value / (1 + Math.exp(-value))) * b[i]!),
        weights[2]!,
      );
      return x.map((value, i) => value + y[i]!);
    };
    const before = mlp(Float64Array.from(embed.data), gain, [gate, up, down]);
    const [gate2, up2] = [gate, up].map((w) => rotateInputs(foldGain(w, gain), rotation));
    const rotated = Float64Array.from(rotateOutputs(embed, rotation).data);
    const after = rotation.applyTransposed(mlp(rotated, null, [gate2!, up2!, rotateOutputs(down, rotation)]));
    const far = worst(after, before);
    expect(far, `max |diff| ${far}`).toBeLessThan(2e-5 * Math.max(...before.map(Math.abs))); // weights are stored in f32
  });

  it('make a LayerNorm an RMSNorm by centring', () => {
    const w = centerOutputs(random(6, 20));
    for (let r = 0; r < 6; r++) {
      const row = w.data.subarray(r * 20, (r + 1) * 20);
      expect(Math.abs(row.reduce((a, b) => a + b, 0))).toBeLessThan(1e-5);
    }
  });

  it('spread outliers: the rounding error of a weight with outlier inputs falls', () => {
    const w = random(64, 16);
    for (let n = 0; n < 16; n++) w.data[9 * 16 + n]! *= 40;
    const scheme = {
      kind: 'integer',
      bits: 4,
      symmetric: true,
      grid: 'absmax',
      granularity: 'perColumn',
      groupSize: null,
      rounding: 'halfToEven',
      scaleDtype: 'F32',
    } as const;
    const error = (m: Matrix) =>
      fakeQuantize(m, scheme).reduce((sum, x, i) => sum + (x - m.data[i]!) ** 2, 0);
    expect(error(rotateInputs(w, createRotation(64, 1)))).toBeLessThan(0.3 * error(w));
  });

  it('refuse other sizes', () => {
    const rotation = createRotation(16, 0);
    expect(() => rotateInputs(random(8, 4), rotation)).toThrow(
      'another size than the rotation, expected 16, received 8',
    );
    expect(() => rotateOutputs(random(8, 4), rotation)).toThrow('expected 16, received 4');
    expect(() => foldGain(random(8, 4), new Float32Array(3))).toThrow('expected 8, received 3');
    expect(() => rotation.apply(new Float64Array(17))).toThrow('expected 16, received 17');
  });
});

function times(x: Float64Array, { data, rows, columns }: Matrix): Float64Array {
  const y = new Float64Array((x.length / rows) * columns);
  for (let t = 0; t < x.length / rows; t++) {
    for (let k = 0; k < rows; k++) {
      for (let n = 0; n < columns; n++) y[t * columns + n]! += x[t * rows + k]! * data[k * columns + n]!;
    }
  }
  return y;
}
