import type { Block, ProductSize } from './multiply-add.ts';

/** The plain triple loop behind `multiplyAdd`: its oracle. */
export function multiplyAddRef<T extends Float32Array | Float64Array>(
  c: Block<T>,
  a: Block<T>,
  b: Block<T>,
  { m, n, k }: ProductSize,
  sign: 1 | -1 = 1,
): void {
  const round = c.data instanceof Float32Array ? Math.fround : (x: number): number => x;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const at = (c.offset ?? 0) + i * c.stride + j;
      for (let p = 0; p < k; p++) {
        const left = sign * a.data[(a.offset ?? 0) + i * a.stride + p]!;
        c.data[at] = c.data[at]! + round(left * b.data[(b.offset ?? 0) + p * b.stride + j]!);
      }
    }
  }
}
