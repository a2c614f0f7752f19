import { createRng, Tensor } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors } from './encode-safetensors.ts';
import { memorySource } from './memory-source.ts';
import { openSafetensors } from './open-safetensors.ts';
import { tensorStatistics } from './tensor-statistics.ts';

const open = (values: number[]) =>
  openSafetensors(
    memorySource(
      encodeSafetensors(new Map([['w', new Tensor('F32', [values.length], Float32Array.from(values))]])),
    ),
  );

describe('tensorStatistics', () => {
  it('counts, and takes moments and histogram of the finite elements', async () => {
    const source = await open([1, 2, 3, 4, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect(await tensorStatistics(source, 'w', { bins: 3 })).toEqual({
      count: 7,
      nan: 1,
      positiveInfinity: 1,
      negativeInfinity: 1,
      min: 1,
      max: 4,
      mean: 2.5,
      std: Math.sqrt(1.25),
      histogram: [1, 1, 2],
    });
  });

  it('agrees with a plain computation over several chunks', async () => {
    const rng = createRng(5);
    const values = Array.from({ length: 2_500_000 }, () => Math.fround(1e4 + rng.normal()));
    const done: number[] = [];
    const s = await tensorStatistics(await open(values), 'w', {
      bins: 8,
      onProgress: (event) => done.push(event.done),
    });
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    expect(s.mean).toBeCloseTo(mean, 9);
    expect(s.std).toBeCloseTo(std, 9);
    expect(s.histogram.reduce((a, b) => a + b, 0)).toBe(values.length);
    expect(done).toEqual([
      1 << 20,
      2 << 20,
      2_500_000,
      2_500_000 + (1 << 20),
      2_500_000 + (2 << 20),
      5_000_000,
    ]);
  });

  it('has nothing to say of no elements, one value, or no finite value', async () => {
    expect(await tensorStatistics(await open([]), 'w')).toMatchObject({ count: 0, min: null, mean: null });
    expect(await tensorStatistics(await open([Number.NaN]), 'w')).toMatchObject({
      count: 1,
      nan: 1,
      max: null,
    });
    const one = await tensorStatistics(await open([3, 3]), 'w', { bins: 2 });
    expect(one).toMatchObject({ min: 3, max: 3, std: 0, histogram: [2, 0] });
  });

  it('refuses bad bins and stops when told to', async () => {
    const source = await open([1]);
    await expect(tensorStatistics(source, 'w', { bins: 0 })).rejects.toThrow(
      'expected an integer from 1 to 65536, received 0',
    );
    await expect(
      tensorStatistics(source, 'w', { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
    await expect(tensorStatistics(source, 'v')).rejects.toThrow('no such tensor');
  });
});
