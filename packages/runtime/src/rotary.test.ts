import { describe, expect, it } from 'vitest';
import { inverseFrequencies } from './rotary.ts';

describe('inverseFrequencies', () => {
  it('is theta^(-2i/d) without scaling', () => {
    const f = inverseFrequencies(8, 10000, { kind: 'none' });
    expect([...f]).toEqual([1, 10000 ** -0.25, 10000 ** -0.5, 10000 ** -0.75]);
  });

  it('divides by the factor with linear scaling', () => {
    const f = inverseFrequencies(4, 100, { kind: 'linear', factor: 4 });
    expect([...f]).toEqual([0.25, 0.1 / 4]);
  });

  it('keeps short, interpolates middle and stretches long wavelengths with llama3 scaling', () => {
    const scaling = {
      kind: 'llama3',
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalMaxPositions: 64,
    } as const;
    const plain = inverseFrequencies(32, 10000, { kind: 'none' });
    const scaled = inverseFrequencies(32, 10000, scaling);
    const ratio = [...scaled].map((f, i) => f / plain[i]!);
    expect(ratio[0]).toBe(1); // wavelength 6.3 < 64 / 4
    expect(ratio.at(-1)).toBe(1 / 8); // wavelength > 64
    const middle = ratio.filter((r) => r < 1 && r > 1 / 8);
    expect(middle.length).toBeGreaterThan(0);
    expect([...ratio].sort((a, b) => b - a)).toEqual(ratio);
  });
});
