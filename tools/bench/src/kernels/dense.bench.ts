import { multiplyAdd, multiplyAddRef } from '@bitcliff/kernels';
import type { Benchmark } from '../benchmark.ts';
import { interleave } from '../interleave.ts';

const SIZE = 384;

/** C += A · B, 384 × 384 × 384: 0.11 GFLOP. */
export const denseProducts: readonly Benchmark[] = [Float32Array, Float64Array].map((Type) => ({
  name: `dense-product-${Type.BYTES_PER_ELEMENT * 8}`,
  title: `multiplyAdd of f${Type.BYTES_PER_ELEMENT * 8}, ${SIZE}³`,
  baseline: 'the plain triple loop',
  targets: { multiplyAdd: 5 },
  async run(_, options) {
    const [a, b] = [0, 1].map((s) => new Type(SIZE * SIZE).map((_, i) => Math.sin(i + s)));
    const times = (product: typeof multiplyAdd): number => {
      const c = { data: new Type(SIZE * SIZE), stride: SIZE };
      const size = { m: SIZE, n: SIZE, k: SIZE };
      product<Float32Array | Float64Array>(c, { data: a!, stride: SIZE }, { data: b!, stride: SIZE }, size);
      return c.data[SIZE]!;
    };
    return interleave({ loop: () => times(multiplyAddRef), multiplyAdd: () => times(multiplyAdd) }, 'loop', {
      rounds: 9,
      warmups: 1,
      ...options,
    });
  },
}));
