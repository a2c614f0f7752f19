import { describe, expect, it } from 'vitest';
import { maxDifference } from '../test/helpers/golden.ts';
import { readRotary } from './architectures/config-fields.ts';
import type { RotaryScaling } from './decoder-spec.ts';
import { inverseFrequencies, rotaryMagnitude, rotaryTables } from './rotary.ts';

/** The scaling of a config.json with 256 positions. */
const scalingOf = (rope_scaling: object): RotaryScaling =>
  readRotary('llama', { max_position_embeddings: 256, rope_scaling }, 10000, 'config.json').scaling;

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

  it('divides each frequency by its own factor', () => {
    const f = inverseFrequencies(6, 1000, { kind: 'factors', factors: [1, 2, 8] });
    expect(maxDifference(f, [1, 0.05, 0.00125])).toBeLessThan(1e-16);
  });
});

/** Values of `_compute_yarn_parameters` of transformers 4.57.6 run in float64: head_dim 16, rope_theta 10000, 256 positions. */
describe('yarn scaling', () => {
  it.each<[object, number[], number]>([
    [
      { factor: 4, original_max_position_embeddings: 64 },
      [
        1, 0.23717082451262847, 0.05, 0.007905694150420948, 0.0025, 0.000790569415042095, 0.00025,
        7.905694150420948e-5,
      ],
      1.138629436111989,
    ],
    [
      { factor: 4, beta_fast: 16, beta_slow: 2, truncate: false, mscale: 0.8, mscale_all_dim: 0.5 },
      [
        1, 0.2915256200879948, 0.050664394391007964, 0.007905694150420948, 0.0025, 0.000790569415042095,
        0.00025, 7.905694150420948e-5,
      ],
      1.0388929752217428,
    ],
    [
      { factor: 8, attention_factor: 1.5 },
      [
        1, 0.24705294220065463, 0.05625, 0.010870329456828804, 0.00125, 0.0003952847075210475, 0.000125,
        3.952847075210474e-5,
      ],
      1.5,
    ],
  ])('is what transformers computes for %j', (fields, frequencies, attentionFactor) => {
    const scaling = scalingOf({ rope_type: 'yarn', ...fields });
    const worst = maxDifference(inverseFrequencies(16, 10000, scaling), frequencies);
    expect(worst, `max |diff| ${worst}`).toBeLessThan(1e-15);
    expect(rotaryMagnitude(scaling)).toBeCloseTo(attentionFactor, 15);
  });

  it('mixes by turns: a search for the bounds gives the same as the logarithms', () => {
    const [dims, theta, length, factor] = [64, 500000, 4096, 16];
    const scaling = scalingOf({ rope_type: 'yarn', factor, original_max_position_embeddings: length });
    const turns = (feature: number): number => length / (2 * Math.PI * theta ** ((2 * feature) / dims));
    let low = 0;
    while (turns(low + 1) >= 32) low++;
    let high = 0;
    while (turns(high) > 1) high++;
    const expected = Array.from({ length: dims / 2 }, (_, i) => {
      const share = Math.min(1, Math.max(0, (high - i) / (high - low))); // of the unscaled frequency
      return (share + (1 - share) / factor) * theta ** (-i / (dims / 2));
    });
    const worst = maxDifference(inverseFrequencies(dims, theta, scaling), expected);
    expect(worst, `max |diff| ${worst}`).toBeLessThan(1e-15);
  });

  it('multiplies cosines and sines', () => {
    const scaling = scalingOf({ rope_type: 'yarn', factor: 8, attention_factor: 1.5 });
    const rotary = { kind: 'rotary', theta: 10000, scaling, dims: 16, interleaved: false } as const;
    const { cos, sin } = rotaryTables(rotary, 3);
    for (let i = 0; i < cos.length; i++) expect(Math.hypot(cos[i]!, sin[i]!)).toBeCloseTo(1.5, 6);
    expect(cos[16]).toBe(Math.fround(1.5 * Math.cos(2))); // position 2, frequency 1
  });
});

/** Values of `_compute_dynamic_ntk_parameters`, from the same run. */
describe('dynamic scaling', () => {
  const scaling = scalingOf({ rope_type: 'dynamic', factor: 2, original_max_position_embeddings: 32 });
  const plain = inverseFrequencies(16, 10000, { kind: 'none' });

  it('changes nothing up to max_position_embeddings', () => {
    for (const length of [0, 1, 100, 256]) {
      expect(inverseFrequencies(16, 10000, scaling, length)).toEqual(plain);
    }
  });

  it.each<[number, number[]]>([
    [
      300,
      [
        1, 0.30315782946424713, 0.09190466956547354, 0.02786162014309781, 0.008446468287938878,
        0.0025606129928101456, 0.0007762698769982737, 0.00023533229098927477,
      ],
    ],
    [
      1000,
      [
        1, 0.24041203914808928, 0.05779794856734241, 0.013895322673651175, 0.003340602858593159,
        0.0008031211452183176, 0.00019307999220488447, 4.641875464467347e-5,
      ],
    ],
  ])('is what transformers computes for %i tokens', (length, expected) => {
    const worst = maxDifference(inverseFrequencies(16, 10000, scaling, length), expected);
    expect(worst, `max |diff| ${worst}`).toBeLessThan(1e-15);
    // and by hand: the slowest feature is slowed by length / 256 · 2 − 1 to the last bit that pow keeps
    const slowdown = plain[7]! / inverseFrequencies(16, 10000, scaling, length)[7]!;
    expect(slowdown).toBeCloseTo((2 * length) / 256 - 1, 10);
  });

  it('gives every position of a longer sequence the frequencies of its length', () => {
    const rotary = { kind: 'rotary', theta: 10000, scaling, dims: 16, interleaved: false } as const;
    const angle = 0.30315782946424713; // position 1, second feature, 300 tokens
    expect(rotaryTables(rotary, 300).sin[8 + 1]).toBe(Math.fround(Math.sin(angle)));
  });
});
