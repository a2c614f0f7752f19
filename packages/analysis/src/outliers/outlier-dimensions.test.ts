import { describe, expect, it } from 'vitest';
import { readExpected, readGolden } from '../../test/read-golden.ts';
import { countOutliers, createOutlierCounter, type OutlierRule } from './outlier-counter.ts';
import { type CoverageReading, outlierDimensions, searchOutlierThreshold } from './outlier-dimensions.ts';

const READINGS: [CoverageReading, string][] = [
  ['pooled', 'dims_pooled'],
  ['union', 'dims_union'],
  ['perLayer', 'dims_per_layer'],
];
const threshold = (...thresholds: number[]): OutlierRule => ({ kind: 'threshold', thresholds });
const zScore: OutlierRule = { kind: 'zScore', deviations: 4 };
const expected = readExpected();

describe('golden A, one sequence', () => {
  const { shape, values } = readGolden('A');
  const [layers, tokens, features] = shape as [number, number, number];

  it.each([
    ['threshold 6', threshold(6), expected.threshold6],
    ['z-score', zScore, expected.zscore.abs_gt_4sigma_plus_mu],
  ] as const)('%s: dimensions by all readings, shares and count', (_, rule, golden) => {
    const coverage = countOutliers(values, { layers, tokens, features }, rule).coverage();
    expect(coverage.tokensOfLayer.reduce((a, b) => a + b, 0)).toBe(golden.count);
    for (const [reading, key] of READINGS) {
      const { dimensions } = outlierDimensions([coverage], { reading });
      expect(
        dimensions.map(({ dimension }) => dimension),
        reading,
      ).toEqual(golden[key]);
      for (const found of dimensions) {
        expect(found.layerFraction).toBe(golden.layer_fraction_any[found.dimension]);
        expect(found.tokenFractionPooled).toBe(golden.token_fraction_pooled[found.dimension]);
        expect(found.tokenFractionUnion).toBe(golden.token_fraction_union[found.dimension]);
      }
    }
  });
});

describe('golden B, four sequences', () => {
  const { shape, values } = readGolden('B');
  const [samples, layers, tokens, features] = shape as [number, number, number, number];
  const size = layers * tokens * features;
  const counters = (rule: OutlierRule) =>
    Array.from({ length: samples }, (_, s) =>
      countOutliers(values.subarray(s * size, (s + 1) * size), { layers, tokens, features }, rule),
    );

  it.each([
    ['threshold6', threshold(6)],
    ['zscore', zScore],
  ] as const)('%s: what holds in every sequence', (name, rule) => {
    const coverages = counters(rule).map((counter) => counter.coverage());
    for (const [reading, key] of READINGS) {
      const golden = expected.samples[name][key];
      for (const [s, coverage] of coverages.entries()) {
        const { dimensions } = outlierDimensions([coverage], { reading });
        expect(
          dimensions.map(({ dimension }) => dimension),
          `${reading} ${s}`,
        ).toEqual(golden.per_sample[s]);
      }
      const { dimensions, layerFraction } = outlierDimensions(coverages, { reading });
      expect(dimensions.map(({ dimension }) => dimension)).toEqual(golden.all_samples);
      for (const [i, found] of dimensions.entries()) {
        expect(found.layerFraction).toBeCloseTo(golden.layer_fraction_any[i], 14);
        expect(found.tokenFractionUnion).toBeCloseTo(golden.token_fraction_union[i], 14);
        expect(found.tokenFractionPooled).toBeCloseTo(golden.token_fraction_pooled[i], 14);
      }
      const fractions: number[] = golden.layer_fraction_any;
      expect(layerFraction).toBeCloseTo(fractions.reduce((a, b) => a + b, 0) / fractions.length, 14);
    }
  });

  it('the search over thresholds', () => {
    const grid: number[] = expected.samples.threshold_grid;
    const all = counters(threshold(...grid));
    for (const [reading, key] of READINGS) {
      const { counts, threshold: found } = searchOutlierThreshold(all, { reading });
      expect(counts, reading).toEqual(expected.samples.count_by_threshold[key]);
      expect(found, reading).toBe(expected.samples.lowest_threshold_with_exactly_one[key]);
    }
    expect(() => searchOutlierThreshold(counters(zScore))).toThrow('expected counters with a threshold rule');
  });
});

describe('edges', () => {
  /** One feature, an outlier at the first `tokens` of each of the first `layers`. */
  const coverage = (layers: number, tokens: number, shape: { layers: number; tokens: number }) => {
    const values = new Float32Array(shape.layers * shape.tokens);
    for (let l = 0; l < layers; l++) values.fill(7, l * shape.tokens, l * shape.tokens + tokens);
    return countOutliers(values, { ...shape, features: 1 }, threshold(6)).coverage();
  };
  const found = (counts: ReturnType<typeof coverage>, reading: CoverageReading): boolean =>
    outlierDimensions([counts], { reading }).dimensions.length === 1;

  it.each([50, 100, 150, 350, 550, 1050])(
    'exactly 6 %% of %i tokens counts, one token less does not',
    (tokens) => {
      const six = (6 * tokens) / 100;
      const shape = { layers: 1, tokens };
      for (const [reading] of READINGS) {
        expect(found(coverage(1, six, shape), reading), reading).toBe(true);
        expect(found(coverage(1, six - 1, shape), reading), reading).toBe(false);
      }
    },
  );

  it.each([4, 8, 12, 28, 36])('exactly 25 %% of %i layers counts, one layer less does not', (layers) => {
    const shape = { layers, tokens: 50 };
    for (const [reading] of READINGS) {
      expect(found(coverage(layers / 4, 50, shape), reading), reading).toBe(true);
      expect(found(coverage(layers / 4 - 1, 50, shape), reading), reading).toBe(false);
    }
  });

  it('the pooled share is of all layers: 24 % of the tokens in a quarter of the layers is 6 %', () => {
    const shape = { layers: 4, tokens: 50 };
    expect(found(coverage(1, 12, shape), 'pooled')).toBe(true);
    expect(found(coverage(1, 11, shape), 'pooled')).toBe(false);
    expect(found(coverage(1, 11, shape), 'union')).toBe(true);
  });

  it('a value at the threshold is none', () => {
    const rule = threshold(6);
    const count = (x: number): number =>
      countOutliers(Float32Array.of(x), { layers: 1, tokens: 1, features: 1 }, rule).coverage()
        .tokensOfLayer[0]!;
    expect([count(6), count(-6), count(-6.000001), count(7)]).toEqual([0, 0, 1, 1]);
  });

  it('refuses what is no rule, no share, no sequence', () => {
    const shape = { layers: 1, tokens: 1, features: 1 };
    expect(() => createOutlierCounter(shape, threshold(2, 2))).toThrow('received 2, 2');
    expect(() => createOutlierCounter(shape, threshold(6)).add(0, new Float32Array(2))).toThrow(
      'values of another shape',
    );
    expect(() => outlierDimensions([])).toThrow('no sequence');
    expect(() => outlierDimensions([coverage(1, 1, { layers: 1, tokens: 1 })], { tokenShare: 0 })).toThrow(
      'bad share',
    );
    const two = [coverage(1, 1, { layers: 1, tokens: 1 }), coverage(1, 1, { layers: 2, tokens: 1 })];
    expect(() => outlierDimensions(two)).toThrow(
      'sequences of several models, expected 1 × 1, received 2 × 1',
    );
  });
});
