import { createRng, ROUNDING } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { readGolden, transposed, worstRelative } from '../../test/read-golden.ts';
import { quantizeSymmetricRef } from '../symmetric-ref.ts';
import { createAffineCoder } from './affine-grid.ts';
import { dequantizeAffineRef, quantizeAffineRef } from './affine-ref.ts';
import { AFFINE_GRIDS, type AffineGrid, type AffineOptions } from './affine-scheme.ts';

/** A golden W [out, in] as our W [in, out]. */
const readWeight = (path: string) => {
  const { shape, values } = readGolden(path);
  const [out, into] = shape as [number, number];
  return { data: Float32Array.from(transposed(values, out, into)), rows: into, columns: out };
};
const rng = createRng(5);
const random = (rows: number, columns: number) => ({
  data: Float32Array.from({ length: rows * columns }, () => rng.normal() * 0.1),
  rows,
  columns,
});

describe('awq grid against golden/rtn_group_asym', () => {
  const w = readWeight('rtn_group_asym/W'); // [256, 6]
  const bitWidths = [2, 3, 4, 5, 8];
  it.each([32, 64, 128])('groups of %i', (groupSize) => {
    const groups = 256 / groupSize;
    for (const [at, bits] of bitWidths.entries()) {
      const options = { bits, symmetric: false, grid: 'awq', granularity: 'perGroup', groupSize } as const;
      const q = quantizeAffineRef(w, options);
      const part = (name: string, width: number): number[] => {
        const { values } = readGolden(`rtn_group_asym/${name}_g${groupSize}`);
        return transposed(values.slice(at * 6 * width, (at + 1) * 6 * width), 6, width);
      };
      expect([...q.codes]).toEqual(part('q', 256));
      expect([...q.zeroPoint]).toEqual(part('zeros', groups));
      const worst = worstRelative(q.scale, part('scales', groups));
      expect(worst, `max relative |diff| of scales ${worst}`).toBeLessThanOrEqual(2 ** -23);
      if (bits !== 4) continue;
      const expected = readWeight(`rtn_group_asym/dequant_b4_g${groupSize}`).data;
      const far = Math.max(...dequantizeAffineRef(q).map((x, i) => Math.abs(x - expected[i]!)));
      expect(far, `max |diff| ${far}`).toBeLessThan(1e-6);
    }
  });

  it.each(['awq', 'gptq'] as const)('one-sided, constant, zero, tiny and large groups: %s', (grid) => {
    const edge = readWeight('rtn_group_asym/edge_W');
    const options = { bits: 4, symmetric: false, grid, granularity: 'perGroup', groupSize: 32 } as const;
    const q = quantizeAffineRef(edge, options);
    expect([...q.codes]).toEqual(Array.from(readWeight(`rtn_group_asym/edge_${grid}_q`).data));
    expect([...q.zeroPoint]).toEqual(
      readGolden(`rtn_group_asym/edge_${grid}_zeros`).values.map((z) => z + 0),
    );
    const worst = worstRelative(q.scale, readGolden(`rtn_group_asym/edge_${grid}_scales`).values);
    expect(worst, `max relative |diff| of scales ${worst}`).toBeLessThanOrEqual(2 ** -23);
    const far = worstRelative(dequantizeAffineRef(q), readWeight(`rtn_group_asym/edge_${grid}_dequant`).data);
    expect(far, `max relative |diff| ${far}`).toBeLessThanOrEqual(2 ** -22);
  });
});

describe('absmax grid', () => {
  it('gives the golden INT4 codes with a scale of F16', () => {
    const { shape, values } = readGolden('int4_column_sym/W');
    const [rows, columns] = shape as [number, number];
    const w = { data: Float32Array.from(values), rows, columns };
    const options = {
      bits: 4,
      symmetric: true,
      grid: 'absmax',
      granularity: 'perColumn',
      scaleDtype: 'F16',
    } as const;
    const q = quantizeAffineRef(w, options);
    expect([...q.codes].map((code) => code - 8)).toEqual(readGolden('int4_column_sym/f16scale_q').values);
    expect([...q.scale]).toEqual(readGolden('int4_column_sym/f16scale_scale').values);
    const expected = readGolden('int4_column_sym/f16scale_W_dequant').values;
    expect([...dequantizeAffineRef(q)].map(Math.abs)).toEqual(expected.map(Math.abs));
  });

  it('equals the symmetric kernel', () => {
    const w = random(300, 7);
    for (const granularity of ['perRow', 'perColumn'] as const) {
      const expected = quantizeSymmetricRef(w, { bits: 8, granularity });
      const q = quantizeAffineRef(w, { bits: 8, symmetric: true, grid: 'absmax', granularity });
      expect([...q.codes].map((code) => code - 128)).toEqual([...expected.codes]);
    }
  });
});

const COMBINATIONS = AFFINE_GRIDS.flatMap((grid) =>
  [true, false]
    .filter((symmetric) => symmetric !== (grid === 'hqq') || !['absmax', 'hqq'].includes(grid))
    .map((symmetric) => ({ grid, symmetric })),
);

describe.each(COMBINATIONS)('$grid, symmetric $symmetric', ({ grid, symmetric }) => {
  it('stays within the step, for every granularity and width', () => {
    for (const granularity of ['perTensor', 'perRow', 'perColumn', 'perGroup'] as const) {
      for (let bits = 2; bits <= 8; bits++) {
        const w = random(112, 20); // groups of 48, 48 and 16
        const options: AffineOptions = {
          bits,
          symmetric,
          grid,
          granularity,
          ...(granularity === 'perGroup' ? { groupSize: 48 } : {}),
        };
        const q = quantizeAffineRef(w, options);
        expect(Math.max(...q.codes)).toBeLessThanOrEqual(2 ** bits - 1);
        const back = dequantizeAffineRef(q);
        for (let i = 0; i < back.length; i++) {
          const step = Math.abs(q.scale[Math.floor(Math.floor(i / 20) / q.groupSize) * 20 + (i % 20)]!);
          // a full step where the largest element has no code of its own: +m in [−2^(b−1), 2^(b−1) − 1], or a rounded zero point
          expect(Math.abs(back[i]! - w.data[i]!)).toBeLessThanOrEqual(step * 1.0001);
        }
      }
    }
  });

  it('gives numbers for zero and constant groups', () => {
    const w = { data: Float32Array.of(0, 0.3, -0.3, 0, 0.3, -0.3), rows: 2, columns: 3 };
    const q = quantizeAffineRef(w, { bits: 4, symmetric, grid, granularity: 'perColumn' });
    const back = dequantizeAffineRef(q);
    expect([back[0], back[3]].map(Math.abs as (x: number | undefined) => number)).toEqual([0, 0]);
    expect(back.every(Number.isFinite)).toBe(true);
  });
});

/** The formulas in float64, for each grid written out once more from quant-spec.md B.0. */
const IN_FLOAT64: Record<Exclude<AffineGrid, 'absmax' | 'hqq'>, (x: number[], maxq: number) => number[]> = {
  awq: (x, maxq) => {
    const s = Math.max(Math.max(...x) - Math.min(...x), 1e-5) / maxq;
    const z = Math.min(maxq, Math.max(0, -ROUNDING.halfToEven(Math.min(...x) / s)));
    return x.map((v) => Math.min(maxq, Math.max(0, ROUNDING.halfToEven(v / s) + z)));
  },
  gptq: (x, maxq) => {
    const [low, high] = [Math.min(0, ...x), Math.max(0, ...x)];
    const s = (high - low) / maxq;
    const z = ROUNDING.halfToEven(-low / s);
    return x.map((v) => Math.min(maxq, Math.max(0, ROUNDING.halfToEven(v / s) + z)));
  },
  'compressed-tensors': (x, maxq) => {
    const [low, high] = [Math.min(0, ...x), Math.max(0, ...x)];
    const s = (high - low) / maxq;
    const half = (maxq + 1) / 2;
    const z = ROUNDING.halfToEven(Math.min(half - 1, Math.max(-half, -half - low / s)));
    return x.map((v) => Math.min(half - 1, Math.max(-half, ROUNDING.halfToEven(v / s + z))) + half);
  },
  matmulnbits: (x, maxq) => {
    const [low, high] = [Math.min(0, ...x), Math.max(0, ...x)];
    const s = (high - low) / maxq;
    const z = Math.min(maxq, ROUNDING.halfAway(-low / s));
    return x.map((v) => Math.min(maxq, Math.max(0, ROUNDING.halfAway(v / s + z))));
  },
};

it.each(Object.entries(IN_FLOAT64))(
  '%s agrees with its formula in float64 away from ties',
  (grid, formula) => {
    let differing = 0;
    for (let trial = 0; trial < 200; trial++) {
      const shift = rng.normal() * 0.1;
      const x = Array.from({ length: 32 }, () => Math.fround(rng.normal() + shift));
      const bits = 2 + rng.int(7);
      const q = quantizeAffineRef(
        { data: Float32Array.from(x), rows: 32, columns: 1 },
        { bits, symmetric: false, grid: grid as AffineGrid, granularity: 'perColumn' },
      );
      const expected = formula(x, 2 ** bits - 1);
      differing += q.codes.filter((code, i) => code !== expected[i]).length;
    }
    expect(differing, `${differing} of 6400 codes differ`).toBeLessThanOrEqual(2); // an f32 quotient next to a tie
  },
);

it('rounds exact ties as the scheme says', () => {
  const coder = (rounding: keyof typeof ROUNDING) =>
    createAffineCoder({ bits: 4, symmetric: true, grid: 'absmax', rounding });
  const ties = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5];
  const codes = (rounding: keyof typeof ROUNDING) => ties.map((x) => coder(rounding).codeOf(x, 1, 8) - 8);
  expect(codes('halfToEven')).toEqual([0, 2, 2, 0, -2, -2]);
  expect(codes('halfAway')).toEqual([1, 2, 3, -1, -2, -3]);
  expect(codes('halfUp')).toEqual([1, 2, 3, 0, -1, -2]);
  expect(codes('towardZero')).toEqual([0, 1, 2, 0, -1, -2]);
});

it('signs the scale of matmulnbits by its largest element', () => {
  const w = { data: Float32Array.of(1, -4, 2, 3), rows: 4, columns: 1 };
  const q = quantizeAffineRef(w, { bits: 4, symmetric: true, grid: 'matmulnbits', granularity: 'perColumn' });
  expect(q.scale[0]).toBe(0.5); // −(−4) / 8
  expect([...q.codes]).toEqual([10, 0, 12, 14]);
});

it('names bad options', () => {
  const w = random(4, 4);
  expect(() =>
    quantizeAffineRef(w, { bits: 9, symmetric: true, grid: 'awq', granularity: 'perColumn' }),
  ).toThrow('createAffineCoder: bad bit width, expected an integer from 2 to 8, received 9');
  expect(() =>
    quantizeAffineRef(w, { bits: 4, symmetric: false, grid: 'absmax', granularity: 'perColumn' }),
  ).toThrow('the grid "absmax" is symmetric');
  expect(() =>
    quantizeAffineRef(w, { bits: 4, symmetric: true, grid: 'awq', granularity: 'perGroup' }),
  ).toThrow('bad group size, expected a positive integer, received undefined');
});
