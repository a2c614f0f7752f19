import { readFileSync } from 'node:fs';
import { createRng, ROUNDING } from '@bitcliff/core';
import { readNpy } from '@bitcliff/formats';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type Backend,
  createKernels,
  dequantizeSymmetricRef,
  type Kernels,
  quantizeSymmetricRef,
} from './index.ts';

const BACKENDS_HERE: Backend[] = ['reference', 'webasm', 'cpu'];
const golden = (path: string): { shape: readonly number[]; values: number[] } => {
  const tensor = readNpy(readFileSync(new URL(`../test/golden/${path}.npy`, import.meta.url)));
  return { shape: tensor.shape, values: Array.from(tensor.data, Number) };
};

describe.each(BACKENDS_HERE)('symmetric kernels on %s', (backend) => {
  let kernels: Kernels;
  const open = async () => (kernels ??= await createKernels({ backend }));
  afterAll(async () => kernels?.dispose());

  it('says which backend runs', async () => {
    expect((await open()).backend).toBe(backend);
  });

  it.each([
    ['X', 'perRow', 8, 'w8a8_vectorwise/Xq', 'w8a8_vectorwise/x_scale', 'w8a8_vectorwise/X'],
    ['W', 'perColumn', 8, 'w8a8_vectorwise/Wq', 'w8a8_vectorwise/w_scale', 'w8a8_vectorwise/W'],
    [
      'X on ties',
      'perRow',
      8,
      'w8a8_vectorwise/ties_Xq',
      'w8a8_vectorwise/ties_x_scale',
      'w8a8_vectorwise/ties_X',
    ],
    [
      'W on ties',
      'perColumn',
      8,
      'w8a8_vectorwise/ties_Wq',
      'w8a8_vectorwise/ties_w_scale',
      'w8a8_vectorwise/ties_W',
    ],
    ['int4 W', 'perColumn', 4, 'int4_column_sym/q', 'int4_column_sym/scale', 'int4_column_sym/W'],
  ] as const)('gives the golden codes and scales: %s', async (_, granularity, bits, codes, scale, data) => {
    const { shape, values } = golden(data);
    const [rows, columns] = shape as [number, number];
    const matrix = { data: Float32Array.from(values), rows, columns };
    const q = await (await open()).quantizeSymmetric(matrix, { bits, granularity });
    expect([...q.codes]).toEqual([...golden(codes).values]);
    const expected = golden(scale).values;
    const worst = Math.max(
      ...q.scale.map((s, i) => Math.abs(s - expected[i]!) / Math.max(1e-30, Math.abs(expected[i]!))),
    );
    expect(worst, `max relative |diff| of scales ${worst}`).toBeLessThanOrEqual(2 ** -24);
  });

  it('dequantizes the golden int4 codes', async () => {
    const { shape, values } = golden('int4_column_sym/W');
    const [rows, columns] = shape as [number, number];
    const k = await open();
    const q = await k.quantizeSymmetric(
      { data: Float32Array.from(values), rows, columns },
      { bits: 4, granularity: 'perColumn' },
    );
    const back = await k.dequantizeSymmetric(q);
    const expected = golden('int4_column_sym/W_dequant').values;
    const worst = Math.max(...back.map((x, i) => Math.abs(x - expected[i]!)));
    expect(worst, `max |diff| ${worst}`).toBeLessThanOrEqual(1e-6);
  });

  it.each([
    [1500, 40],
    [40, 4099],
    [1, 1],
    [3, 1001],
  ])('equals the reference to the bit on %i × %i', async (rows, columns) => {
    const rng = createRng(rows * 7919 + columns);
    const data = Float32Array.from({ length: rows * columns }, () => rng.normal() * 10 ** (rng.int(7) - 3));
    for (const granularity of ['perRow', 'perColumn'] as const) {
      for (const bits of [2, 3, 4, 5, 8]) {
        const k = await open();
        const q = await k.quantizeSymmetric({ data, rows, columns }, { bits, granularity });
        const ref = quantizeSymmetricRef({ data, rows, columns }, { bits, granularity });
        expect(Buffer.from(q.scale.buffer).equals(Buffer.from(ref.scale.buffer))).toBe(true);
        const differing = q.codes.filter((code, i) => code !== ref.codes[i]).length;
        expect(differing, `${differing} codes differ (${granularity}, ${bits} bits)`).toBe(0);
        const back = await k.dequantizeSymmetric(q);
        expect(Buffer.from(back.buffer).equals(Buffer.from(dequantizeSymmetricRef(ref).buffer))).toBe(true);
      }
    }
  });

  it('finds a maximum beyond the 1000th element', async () => {
    const data = new Float32Array(2 * 5000).fill(0.5);
    data[4999] = -8;
    const k = await open();
    expect([...(await k.absmax({ data, rows: 2, columns: 5000 }, 'perRow'))]).toEqual([8, 0.5]);
    expect([...(await k.absmax({ data, rows: 5000, columns: 2 }, 'perColumn'))]).toEqual([0.5, 8]);
  });

  it('gives zeros for a zero row', async () => {
    const k = await open();
    const data = Float32Array.of(0, 0, 3, -1);
    const q = await k.quantizeSymmetric({ data, rows: 2, columns: 2 }, { bits: 8, granularity: 'perRow' });
    expect([...q.codes]).toEqual([0, 0, 127, -42]);
    expect([...q.scale]).toEqual([0, Math.fround(3 / 127)]);
    expect([...(await k.dequantizeSymmetric(q))].slice(0, 2)).toEqual([0, 0]);
  });

  it('refuses a matrix that its data does not fill', async () => {
    const k = await open();
    const matrix = { data: new Float32Array(5), rows: 2, columns: 3 };
    await expect(k.quantizeSymmetric(matrix, { bits: 8, granularity: 'perRow' })).rejects.toThrow(
      'absmax: data does not fill a 2 × 3 matrix, expected 6 elements, received 5',
    );
    await expect(
      k.quantizeSymmetric({ ...matrix, data: new Float32Array(6) }, { bits: 9, granularity: 'perRow' }),
    ).rejects.toThrow('expected an integer from 2 to 8, received 9');
  });
});

describe('arithmetic', () => {
  it('stays within half a step of the float64 quantizer', () => {
    const rng = createRng(11);
    const data = Float32Array.from({ length: 64 * 300 }, () => rng.normal());
    const matrix = { data, rows: 64, columns: 300 };
    const q = quantizeSymmetricRef(matrix, { bits: 8, granularity: 'perRow' });
    let wrong = 0;
    for (let i = 0; i < data.length; i++) {
      const row = data.subarray(Math.floor(i / 300) * 300, Math.floor(i / 300) * 300 + 300);
      const exact = data[i]! / (Math.max(...row.map(Math.abs)) / 127); // float64 throughout
      const distanceFromTie = Math.abs(Math.abs(exact) - Math.trunc(Math.abs(exact)) - 0.5);
      if (distanceFromTie > 1e-4 && ROUNDING.halfToEven(exact) !== q.codes[i]) wrong++;
    }
    expect(wrong).toBe(0);
  });

  it('names an unknown backend and one that is not there', async () => {
    await expect(createKernels({ backend: 'wasm' as Backend })).rejects.toThrow(
      'createKernels: unknown backend "wasm", expected one of: auto, cpu, reference, webasm, webgl2, webgpu. Did you mean "webasm"?',
    );
    await expect(createKernels({ backend: 'webgl2' })).rejects.toThrow(
      'backend "webgl2" is not available on this machine',
    );
  });

  it('takes WebAssembly for auto where there is no GPU', async () => {
    const kernels = await createKernels();
    expect(kernels.backend).toBe('webasm');
    await kernels.dispose();
  });
});
