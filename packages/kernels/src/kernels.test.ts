import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { KERNEL_CASES } from '../test/kernel-cases.ts';
import { readGolden } from '../test/read-golden.ts';
import { type Backend, createKernels, errorMeasures, type Kernels } from './index.ts';
import { createReferenceKernels } from './reference-kernels.ts';

const BACKENDS_HERE: Backend[] = ['reference', 'webasm', 'cpu'];

it('there is a case for every kernel', () => {
  const { backend: _, dispose: __, ...kernels } = createReferenceKernels();
  expect([...new Set(KERNEL_CASES.map(({ kernel }) => kernel))].sort()).toEqual(Object.keys(kernels).sort());
});

describe.each(BACKENDS_HERE)('kernels on %s', (backend) => {
  let kernels: Kernels | undefined;
  const open = async (): Promise<Kernels> => {
    kernels ??= await createKernels({ backend });
    return kernels;
  };
  afterAll(async () => kernels?.dispose());

  it.each(KERNEL_CASES)('$kernel: $title', async ({ run }) => {
    const { measure, worst, bound } = await run(await open());
    expect(worst, `${measure} ${worst}`).toBeLessThanOrEqual(bound);
  });

  it.each(['', 'ties_'])('golden/w8a8_vectorwise: %sacc and %sY', async (prefix) => {
    const k = await open();
    const read = (name: string) => {
      const { shape, values } = readGolden(`w8a8_vectorwise/${prefix}${name}`);
      return { data: Float32Array.from(values), rows: shape[0]!, columns: shape[1]! };
    };
    const x = await k.quantizeSymmetric(read('X'), { bits: 8, granularity: 'perRow' });
    const w = await k.quantizeSymmetric(read('W'), { bits: 8, granularity: 'perColumn' });
    const product = await k.int8Multiply(x, w);
    expect([...product.accumulator]).toEqual([...read('acc').data]);
    const expected = read('Y').data;
    const worst = Math.max(
      ...product.data.map((y, i) => Math.abs(y - expected[i]!) / Math.max(1, Math.abs(expected[i]!))),
    );
    expect(worst, `max |diff| ${worst}`).toBeLessThan(1e-6);
  });

  it('golden/analysis: token deviation and spectral norms', async () => {
    const k = await open();
    const expected = JSON.parse(
      readFileSync(new URL('../test/golden/analysis/expected.json', import.meta.url), 'utf8'),
    );
    const { shape, values } = readGolden('analysis/A');
    const [layers, rows, columns] = shape as [number, number, number];
    for (let layer = 0; layer < layers; layer++) {
      const data = Float32Array.from(values.slice(layer * rows * columns, (layer + 1) * rows * columns));
      const deviation = await k.rowDeviation({ data, rows, columns });
      const mean = deviation.reduce((sum, x) => sum + x, 0) / rows;
      expect(Math.abs(mean / expected.per_layer[layer].mean_token_std - 1)).toBeLessThan(1e-5);
      const q = await k.quantizeSymmetric({ data, rows, columns }, { bits: 8, granularity: 'perRow' });
      const sums = await k.errorSums(
        { data, rows, columns },
        { data: await k.dequantizeSymmetric(q), rows, columns },
      );
      expect(
        Math.abs(errorMeasures(data.length, sums).rmse / expected.per_layer[layer].rmse_int8_vectorwise - 1),
      ).toBeLessThan(1e-4);
    }
    for (const i of [0, 1, 2]) {
      const w = readGolden(`analysis/W${i}`);
      const [r, c] = w.shape as [number, number];
      const norm = await k.spectralNorm({ data: Float32Array.from(w.values), rows: r, columns: c });
      expect(Math.abs(norm / expected.spectral[`W${i}`].spectral_norm - 1)).toBeLessThan(1e-4);
    }
  });

  it('names operands that do not fit', async () => {
    const k = await open();
    const m = { data: new Float32Array(6), rows: 2, columns: 3 };
    const other = { data: new Float32Array(6), rows: 3, columns: 2 };
    await expect(k.errorSums(m, other)).rejects.toThrow(
      'matrices of two sizes, expected 2 × 3, received 3 × 2',
    );
    await expect(
      k.scaleMatrix(m, new Float32Array(3), { axis: 'rows', operation: 'divide' }),
    ).rejects.toThrow('not one factor each, expected 2, received 3');
    await expect(k.walshHadamard(m)).rejects.toThrow('expected a power of two columns, received 3');
    await expect(k.histogram(m, { min: 1, max: 1, bins: 3 })).rejects.toThrow('bad bins');
    await expect(k.packNibbles(new Uint8Array(6), m)).rejects.toThrow('an odd number of codes in a row');
    await expect(k.packNibbles(new Uint8Array(6).fill(16), other)).rejects.toThrow(
      'a code of more than 4 bits',
    );
    await expect(
      k.awqErrors(m, { gram: new Float32Array(4), tokens: 1 }, [new Float32Array(3)], {
        bits: 4,
        symmetric: false,
        grid: 'awq',
        granularity: 'perColumn',
      }),
    ).rejects.toThrow('scales of another size');
    const q = await k.quantizeSymmetric(m, { bits: 8, granularity: 'perRow' });
    await expect(k.int8Multiply(q, q)).rejects.toThrow('operands that do not fit');
  });
});
