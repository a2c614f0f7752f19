/** @file A call of each kernel, at the sizes of one linear layer, smaller where the reference takes a number of steps that grows faster. */
import {
  type AffineOptions,
  type Kernels,
  type Matrix,
  quantizeAffineRef,
  quantizeSymmetricRef,
} from '@bitcliff/kernels';
import { weightValues } from '../formats/tensors.ts';

const matrix = (rows: number, columns: number): Matrix => ({
  data: weightValues(rows * columns),
  rows,
  columns,
});
const OPTIONS: AffineOptions = {
  bits: 4,
  symmetric: false,
  grid: 'awq',
  granularity: 'perGroup',
  groupSize: 128,
};
const last = (values: ArrayLike<number>): number => values[values.length - 1]!;

/** Prepares a call: bytes of its input, and what makes the call. */
export type KernelCall = () => { bytes: number; run: (kernels: Kernels) => Promise<number> };
const on = (
  rows: number,
  columns: number,
  run: (kernels: Kernels, m: Matrix) => Promise<number>,
): KernelCall => {
  return () => {
    const m = matrix(rows, columns);
    return { bytes: m.data.byteLength, run: (kernels) => run(kernels, m) };
  };
};

/** A call of each kernel by its name. */
export const KERNEL_CALLS: Readonly<Record<string, KernelCall>> = {
  absmax: on(768, 3072, async (k, m) => last(await k.absmax(m, 'perColumn'))),
  quantizeSymmetric: on(768, 3072, async (k, m) =>
    last((await k.quantizeSymmetric(m, { bits: 8, granularity: 'perColumn' })).codes),
  ),
  dequantizeSymmetric: () => {
    const q = quantizeSymmetricRef(matrix(768, 3072), { bits: 8, granularity: 'perColumn' });
    return { bytes: q.codes.byteLength, run: async (k) => last(await k.dequantizeSymmetric(q)) };
  },
  groupRanges: on(768, 3072, async (k, m) => last((await k.groupRanges(m, OPTIONS)).max)),
  quantizeAffine: on(768, 3072, async (k, m) => last((await k.quantizeAffine(m, OPTIONS)).codes)),
  dequantizeAffine: () => {
    const q = quantizeAffineRef(matrix(768, 3072), OPTIONS);
    return { bytes: q.codes.byteLength, run: async (k) => last(await k.dequantizeAffine(q)) };
  },
  fakeQuantize: on(768, 3072, async (k, m) => last(await k.fakeQuantize(m, OPTIONS))),
  int8Multiply: () => {
    const x = quantizeSymmetricRef(matrix(64, 768), { bits: 8, granularity: 'perRow' });
    const w = quantizeSymmetricRef(matrix(768, 768), { bits: 8, granularity: 'perColumn' });
    return { bytes: w.codes.byteLength, run: async (k) => last((await k.int8Multiply(x, w)).data) };
  },
  gramMatrix: on(256, 256, async (k, m) => last(await k.gramMatrix(m))),
  scaleMatrix: on(768, 3072, async (k, m) =>
    last(await k.scaleMatrix(m, m.data.slice(0, 768), { axis: 'rows', operation: 'multiply' })),
  ),
  awqErrors: on(256, 64, async (k, m) => {
    const gram = new Float32Array(256 * 256).fill(1);
    return last(await k.awqErrors(m, { gram, tokens: 1 }, [new Float32Array(256).fill(1)], OPTIONS));
  }),
  walshHadamard: on(512, 1024, async (k, m) => last(await k.walshHadamard(m))),
  packNibbles: () => {
    const size = { rows: 768, columns: 3072 };
    const codes = Uint8Array.from({ length: 768 * 3072 }, (_, i) => i % 16);
    return { bytes: codes.byteLength, run: async (k) => last(await k.packNibbles(codes, size)) };
  },
  unpackNibbles: () => {
    const size = { rows: 768, columns: 3072 };
    const bytes = Uint8Array.from({ length: (768 * 3072) / 2 }, (_, i) => i % 256);
    return { bytes: bytes.byteLength, run: async (k) => last(await k.unpackNibbles(bytes, size)) };
  },
  errorSums: on(768, 3072, async (k, m) => (await k.errorSums(m, m)).original),
  rowDeviation: on(768, 3072, async (k, m) => last(await k.rowDeviation(m))),
  outlierCounts: on(768, 3072, async (k, m) => last(await k.outlierCounts(m, 0.05))),
  histogram: on(768, 768, async (k, m) => last(await k.histogram(m, { min: -0.1, max: 0.1, bins: 20 }))),
  spectralNorm: on(256, 256, async (k, m) => k.spectralNorm(m, { iterations: 10, tolerance: 0 })),
};
