/**
 * @file The tests of the kernels as plain functions, so that the same body runs in Node and in a browser page. A case runs one kernel on
 * given backends against its typed-array reference and says how far it was off; every loop has more than 1000 steps in one of them.
 */
import { createRng } from '@bitcliff/core';
import {
  AFFINE_GRIDS,
  type AffineOptions,
  absmaxRef,
  awqErrorsRef,
  dequantizeAffineRef,
  dequantizeSymmetricRef,
  errorSumsRef,
  gramMatrixRef,
  groupRangesRef,
  histogramRef,
  int8MultiplyRef,
  type Kernels,
  type Matrix,
  outlierCountsRef,
  packNibblesRef,
  quantizeAffineRef,
  quantizeSymmetricRef,
  rowDeviationRef,
  scaleMatrixRef,
  spectralNormRef,
  unpackNibblesRef,
  walshHadamardRef,
} from '../src/index.ts';

/** How far a kernel was off. */
export interface CaseResult {
  /** What `worst` measures. */
  readonly measure: 'difference' | 'share of codes that differ by one' | 'relative difference';
  readonly worst: number;
  /** What is allowed on this backend. */
  readonly bound: number;
}

/** One test of one kernel. */
export interface KernelCase {
  /** Name of the kernel, a key of `Kernels`. */
  readonly kernel: string;
  /** What it runs on. */
  readonly title: string;
  run(kernels: Kernels): Promise<CaseResult>;
}

const rng = createRng(21);
function random(rows: number, columns: number): Matrix {
  return { data: Float32Array.from({ length: rows * columns }, () => rng.normal()), rows, columns };
}

/** Backends whose every operation is a correctly rounded f32 one. */
const isExact = (kernels: Kernels): boolean => ['reference', 'webasm', 'cpu'].includes(kernels.backend);
/** A GPU may divide, and fuse a product into a sum, with another last bit. */
const GPU_ULPS = 4e-7;

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  return worst;
}

/** Largest |a − b| over the largest |b|. */
function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return difference(a, b) / Math.max(1e-30, difference(b, new Float64Array(b.length)));
}

function codes(kernels: Kernels, a: ArrayLike<number>, b: ArrayLike<number>): CaseResult {
  let differing = difference(a, b) > 1 ? Infinity : 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) differing++;
  const measure = 'share of codes that differ by one';
  return { measure, worst: differing / a.length, bound: isExact(kernels) ? 0 : 1e-3 };
}

const exact = (a: ArrayLike<number>, b: ArrayLike<number>): CaseResult => ({
  measure: 'difference',
  worst: difference(a, b),
  bound: 0,
});
const rounded = (kernels: Kernels, a: ArrayLike<number>, b: ArrayLike<number>): CaseResult => ({
  measure: 'relative difference',
  worst: relative(a, b),
  bound: isExact(kernels) ? 0 : GPU_ULPS,
});
/** A sum in f32 against one in float64. */
const summed = (a: ArrayLike<number>, b: ArrayLike<number>, bound = 1e-5): CaseResult => ({
  measure: 'relative difference',
  worst: relative(a, b),
  bound,
});

const SIZES = [
  [1300, 24],
  [24, 2100],
] as const;
const tall = random(1300, 24);
const wide = random(24, 2100);
const options = (
  grid: AffineOptions['grid'],
  symmetric: boolean,
  bits: number,
  groupSize: number,
): AffineOptions => ({
  ...{ bits, symmetric, grid },
  ...(groupSize === 0 ? { granularity: 'perColumn' } : { granularity: 'perGroup', groupSize }),
});
const AFFINE: readonly (readonly [string, AffineOptions])[] = [
  ...AFFINE_GRIDS.flatMap((grid) =>
    [true, false]
      .filter((symmetric) => symmetric !== (grid === 'hqq') || !['absmax', 'hqq'].includes(grid))
      .map(
        (symmetric) =>
          [`${grid}, ${symmetric ? '' : 'a'}symmetric`, options(grid, symmetric, 4, 128)] as const,
      ),
  ),
  ...[2, 3, 5, 8].map((bits) => [`awq, ${bits} bits, per column`, options('awq', false, bits, 0)] as const),
  ...(['perTensor', 'perRow'] as const).map(
    (granularity) =>
      [`gptq, ${granularity}`, { bits: 4, symmetric: false, grid: 'gptq', granularity }] as const,
  ),
  ...(['halfAway', 'halfUp', 'towardZero'] as const).map(
    (rounding) => [`absmax, ${rounding}`, { ...options('absmax', true, 6, 100), rounding }] as const,
  ),
];

const int8 = (m: number, k: number, n: number, fill?: number) => {
  const x =
    fill === undefined ? random(m, k) : { data: new Float32Array(m * k).fill(fill), rows: m, columns: k };
  const w =
    fill === undefined ? random(k, n) : { data: new Float32Array(k * n).fill(fill), rows: k, columns: n };
  return [
    quantizeSymmetricRef(x, { bits: 8, granularity: 'perRow' }),
    quantizeSymmetricRef(w, { bits: 8, granularity: 'perColumn' }),
  ] as const;
};

/** Every case. */
export const KERNEL_CASES: readonly KernelCase[] = [
  ...SIZES.flatMap(([rows, columns]) =>
    (['perRow', 'perColumn'] as const).flatMap((granularity): KernelCase[] => {
      const m = random(rows, columns);
      const q = quantizeSymmetricRef(m, { bits: 8, granularity });
      const title = `${rows} × ${columns} ${granularity}`;
      return [
        {
          kernel: 'absmax',
          title,
          run: async (k) => exact(await k.absmax(m, granularity), absmaxRef(m, granularity)),
        },
        {
          kernel: 'quantizeSymmetric',
          title,
          run: async (k) => codes(k, (await k.quantizeSymmetric(m, { bits: 8, granularity })).codes, q.codes),
        },
        {
          kernel: 'dequantizeSymmetric',
          title,
          run: async (k) => rounded(k, await k.dequantizeSymmetric(q), dequantizeSymmetricRef(q)),
        },
      ];
    }),
  ),
  ...[tall, wide].flatMap((m): KernelCase[] =>
    (['perTensor', 'perRow', 'perColumn', 'perGroup'] as const).map((granularity) => ({
      kernel: 'groupRanges',
      title: `${m.rows} × ${m.columns} ${granularity}`,
      run: async (k) => {
        const o = { granularity, ...(granularity === 'perGroup' ? { groupSize: 100 } : {}) };
        const [got, want] = [await k.groupRanges(m, o), groupRangesRef(m, o)];
        return exact([...got.min, ...got.max], [...want.min, ...want.max]);
      },
    })),
  ),
  ...AFFINE.flatMap(([title, o]): KernelCase[] => {
    const q = quantizeAffineRef(tall, o);
    return [
      {
        kernel: 'quantizeAffine',
        title,
        run: async (k) => codes(k, (await k.quantizeAffine(tall, o)).codes, q.codes),
      },
      {
        kernel: 'dequantizeAffine',
        title,
        run: async (k) => rounded(k, await k.dequantizeAffine(q), dequantizeAffineRef(q)),
      },
      {
        kernel: 'fakeQuantize',
        title,
        run: async (k) => {
          const got = await k.fakeQuantize(tall, o);
          const want = dequantizeAffineRef(q);
          if (isExact(k)) return exact(got, want);
          const far = got.filter((x, i) => Math.abs(x - want[i]!) > 1e-5 * (1 + Math.abs(want[i]!))).length;
          return { measure: 'share of codes that differ by one', worst: far / got.length, bound: 1e-3 };
        },
      },
    ];
  }),
  {
    kernel: 'dequantizeAffine',
    title: 'with a group index',
    run: async (k) => {
      const q = {
        ...quantizeAffineRef(tall, options('gptq', false, 4, 128)),
        groupIndex: Uint32Array.from({ length: 1300 }, (_, r) => (r * 7) % 11),
      };
      return rounded(k, await k.dequantizeAffine(q), dequantizeAffineRef(q));
    },
  },
  ...(
    [
      ['3 × 5, k = 2500', int8(3, 2500, 5)],
      ['2 × 3, k = 16,384, all ±127', int8(2, 16_384, 3, 1)],
      ['9 × 4, k = 16', int8(9, 16, 4)],
    ] as const
  ).map(
    ([title, [x, w]]): KernelCase => ({
      kernel: 'int8Multiply',
      title,
      run: async (k) => {
        const [got, want] = [await k.int8Multiply(x, w), int8MultiplyRef(x, w)];
        return exact([...got.accumulator, ...got.data], [...want.accumulator, ...want.data]);
      },
    }),
  ),
  {
    kernel: 'gramMatrix',
    title: '1300 × 24',
    run: async (k) => summed(await k.gramMatrix(tall), gramMatrixRef(tall)),
  },
  ...(['rows', 'columns'] as const).flatMap((axis) =>
    (['multiply', 'divide'] as const).map(
      (operation): KernelCase => ({
        kernel: 'scaleMatrix',
        title: `${axis}, ${operation}`,
        run: async (k) => {
          const factors = Float32Array.from(
            { length: axis === 'rows' ? 1300 : 24 },
            (_, i) => 0.3 + (i % 17),
          );
          const o = { axis, operation };
          return rounded(k, await k.scaleMatrix(tall, factors, o), scaleMatrixRef(tall, factors, o));
        },
      }),
    ),
  ),
  {
    kernel: 'awqErrors',
    title: '1100 inputs, 3 candidates',
    run: async (k) => {
      const weight = random(1100, 3);
      const x = random(8, 1100);
      const inputs = { gram: gramMatrixRef(x), tokens: 8 };
      const candidates = [0, 0.3, 0.6].map((r) =>
        Float32Array.from({ length: 1100 }, (_, i) => (0.5 + (i % 5)) ** r),
      );
      const o = options('awq', false, 4, 128);
      return summed(
        await k.awqErrors(weight, inputs, candidates, o),
        awqErrorsRef(weight, inputs, candidates, o),
        isExact(k) ? 1e-5 : 1e-3,
      );
    },
  },
  ...[2048, 1].map(
    (size): KernelCase => ({
      kernel: 'walshHadamard',
      title: `3 × ${size}`,
      run: async (k) => {
        const m = random(3, size);
        return summed(await k.walshHadamard(m), walshHadamardRef(m), 1e-6);
      },
    }),
  ),
  {
    kernel: 'packNibbles',
    title: '5 × 1202',
    run: async (k) => {
      const nibbles = Uint8Array.from({ length: 5 * 1202 }, (_, i) => (i * 7) % 16);
      const size = { rows: 5, columns: 1202 };
      return exact(await k.packNibbles(nibbles, size), packNibblesRef(nibbles, size));
    },
  },
  {
    kernel: 'unpackNibbles',
    title: '5 × 1202, every byte',
    run: async (k) => {
      const bytes = Uint8Array.from({ length: 5 * 601 }, (_, i) => i % 256);
      const size = { rows: 5, columns: 1202 };
      return exact(await k.unpackNibbles(bytes, size), unpackNibblesRef(bytes, size));
    },
  },
  ...[tall, wide].map(
    (m): KernelCase => ({
      kernel: 'errorSums',
      title: `${m.rows} × ${m.columns}`,
      run: async (k) => {
        const other = { ...m, data: m.data.map((x, i) => x + 0.01 * Math.sin(i)) };
        const [got, want] = [await k.errorSums(m, other), errorSumsRef(m, other)];
        const worst = Math.max(
          ...(['original', 'quantized', 'difference'] as const).map((key) =>
            Math.abs(got[key] / want[key] - 1),
          ),
        );
        return { measure: 'relative difference', worst, bound: 1e-5 };
      },
    }),
  ),
  ...[tall, wide].map(
    (m): KernelCase => ({
      kernel: 'rowDeviation',
      title: `${m.rows} × ${m.columns}, mean 3`,
      run: async (k) => {
        const shifted = { ...m, data: m.data.map((x) => x + 3) };
        return summed(await k.rowDeviation(shifted), rowDeviationRef(shifted));
      },
    }),
  ),
  ...[tall, wide].map(
    (m): KernelCase => ({
      kernel: 'outlierCounts',
      title: `${m.rows} × ${m.columns}`,
      run: async (k) => exact(await k.outlierCounts(m, 1.5), outlierCountsRef(m, 1.5)),
    }),
  ),
  ...[tall, wide].map(
    (m): KernelCase => ({
      kernel: 'histogram',
      title: `${m.rows} × ${m.columns}, 37 bins`,
      run: async (k) => {
        const o = { min: -2, max: 2, bins: 37 };
        return exact(await k.histogram(m, o), histogramRef(m, o));
      },
    }),
  ),
  ...[tall, wide].map(
    (m): KernelCase => ({
      kernel: 'spectralNorm',
      title: `${m.rows} × ${m.columns}`,
      run: async (k) =>
        summed([await k.spectralNorm(m)], [await spectralNormRef(m, { tolerance: 1e-12, iterations: 5000 })]),
    }),
  ),
];
