/**
 * @file Outlier dimensions (arXiv 2305.19268, B.3): features that are outliers in at least 25 % of the layers and at 6 % of the tokens, in every
 * one of several sequences. How the two shares combine can be read in three ways; the record names the one that was used.
 */
import { InvalidInputError, ShapeError } from '@bitcliff/core';
import type { OutlierCounter, OutlierCoverage } from './outlier-counter.ts';

/**
 * How a feature's layers and tokens are counted. Outlier in a layer: at some token of it.
 * - `pooled`: in enough layers, and at enough of all pairs of a layer and a token
 * - `union`: in enough layers, and at enough tokens in some layer
 * - `perLayer`: at enough tokens of it, in enough layers
 */
export type CoverageReading = 'pooled' | 'union' | 'perLayer';

/** When a feature is an outlier dimension. */
export interface OutlierDimensionOptions {
  /** @default 'pooled' */
  readonly reading?: CoverageReading | undefined;
  /** Least share of layers. @default 0.25 */
  readonly layerShare?: number | undefined;
  /** Least share of tokens. @default 0.06 */
  readonly tokenShare?: number | undefined;
}

/** One outlier dimension; shares are means over the sequences. */
export interface OutlierDimension {
  /** 0-based. */
  readonly dimension: number;
  /** Layers where it is an outlier at some token, of all. */
  readonly layerFraction: number;
  /** Of all pairs of a layer and a token. */
  readonly tokenFractionPooled: number;
  /** Tokens where it is an outlier in some layer, of all. */
  readonly tokenFractionUnion: number;
  /** Share of tokens in each layer. */
  readonly tokenFractionOfLayer: readonly number[];
}

/** The outlier dimensions of a model, with the rule that found them. */
export interface OutlierDimensions {
  readonly reading: CoverageReading;
  readonly layerShare: number;
  readonly tokenShare: number;
  /** Sequences, in all of which a dimension must be one. */
  readonly samples: number;
  /** Ascending. */
  readonly dimensions: readonly OutlierDimension[];
  /** Means over the dimensions: what the paper calls % of sequence and % of layers; `null` without any. */
  readonly tokenFraction: number | null;
  readonly layerFraction: number | null;
}

/**
 * Find the outlier dimensions.
 * @param coverages one for each sequence, at least one, with equal layers and features
 * @throws {InvalidInputError} without a sequence, and for shares outside (0, 1]
 * @throws {ShapeError} for sequences of several models
 */
export function outlierDimensions(
  coverages: readonly OutlierCoverage[],
  options: OutlierDimensionOptions = {},
): OutlierDimensions {
  const { reading = 'pooled', layerShare = 0.25, tokenShare = 0.06 } = options;
  checkCoverages(coverages, layerShare, tokenShare);
  const { features, layers } = coverages[0]!;
  const dimensions: OutlierDimension[] = [];
  for (let dimension = 0; dimension < features; dimension++) {
    const shares = coverages.map((coverage) => sharesOf(coverage, dimension));
    if (!shares.every((share) => isCovered(share, reading, layerShare, tokenShare))) continue;
    dimensions.push({
      dimension,
      layerFraction: mean(shares.map(({ layer }) => layer)),
      tokenFractionPooled: mean(shares.map(({ pooled }) => pooled)),
      tokenFractionUnion: mean(shares.map(({ union }) => union)),
      tokenFractionOfLayer: Array.from({ length: layers }, (_, l) =>
        mean(shares.map(({ ofLayer }) => ofLayer[l]!)),
      ),
    });
  }
  const tokenFraction = (d: OutlierDimension): number =>
    reading === 'union' ? d.tokenFractionUnion : d.tokenFractionPooled;
  return {
    reading,
    layerShare,
    tokenShare,
    samples: coverages.length,
    dimensions,
    tokenFraction: dimensions.length === 0 ? null : mean(dimensions.map(tokenFraction)),
    layerFraction: dimensions.length === 0 ? null : mean(dimensions.map((d) => d.layerFraction)),
  };
}

/** The number of outlier dimensions at each of the thresholds that were counted. */
export interface ThresholdSearch {
  readonly thresholds: readonly number[];
  readonly counts: readonly number[];
  /** The lowest at which there is exactly one; `null` when there is none. */
  readonly threshold: number | null;
}

/**
 * The threshold of a family of models, searched on its smallest: the lowest with exactly one outlier dimension.
 * @param counters of each sequence, with one rule of several thresholds
 */
export function searchOutlierThreshold(
  counters: readonly OutlierCounter[],
  options: OutlierDimensionOptions = {},
): ThresholdSearch {
  const rule = counters[0]?.rule;
  if (rule?.kind !== 'threshold') {
    throw new InvalidInputError({
      op: 'searchOutlierThreshold',
      problem: 'no thresholds to search',
      expected: 'counters with a threshold rule',
      received: rule?.kind ?? 'none',
    });
  }
  const counts = rule.thresholds.map(
    (_, k) =>
      outlierDimensions(
        counters.map((counter) => counter.coverage(k)),
        options,
      ).dimensions.length,
  );
  return { thresholds: rule.thresholds, counts, threshold: rule.thresholds[counts.indexOf(1)] ?? null };
}

interface Shares {
  readonly layer: number;
  readonly pooled: number;
  readonly union: number;
  readonly ofLayer: readonly number[];
}

function isCovered(
  { layer, pooled, union, ofLayer }: Shares,
  reading: CoverageReading,
  layerShare: number,
  tokenShare: number,
): boolean {
  switch (reading) {
    case 'pooled':
      return layer >= layerShare && pooled >= tokenShare;
    case 'union':
      return layer >= layerShare && union >= tokenShare;
    case 'perLayer':
      return ofLayer.filter((share) => share >= tokenShare).length / ofLayer.length >= layerShare;
  }
}

/** Shares as quotients of counts: a quotient that equals 0.06 in exact arithmetic is the double 0.06. */
function sharesOf(
  { layers, tokens, features, tokensOfLayer, tokensOfAnyLayer }: OutlierCoverage,
  dimension: number,
): Shares {
  const counts = Array.from({ length: layers }, (_, l) => tokensOfLayer[l * features + dimension]!);
  return {
    layer: counts.filter((count) => count > 0).length / layers,
    pooled: counts.reduce((a, b) => a + b, 0) / (layers * tokens),
    union: tokensOfAnyLayer[dimension]! / tokens,
    ofLayer: counts.map((count) => count / tokens),
  };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function checkCoverages(coverages: readonly OutlierCoverage[], layerShare: number, tokenShare: number): void {
  const op = 'outlierDimensions';
  if (coverages.length === 0) {
    throw new InvalidInputError({ op, problem: 'no sequence', expected: 'at least one coverage' });
  }
  for (const share of [layerShare, tokenShare]) {
    if (share > 0 && share <= 1) continue;
    throw new InvalidInputError({
      op,
      problem: 'bad share',
      expected: 'a number in (0, 1]',
      received: share,
    });
  }
  const { layers, features } = coverages[0]!;
  const other = coverages.find((coverage) => coverage.layers !== layers || coverage.features !== features);
  if (other === undefined) return;
  throw new ShapeError({
    op,
    problem: 'sequences of several models',
    expected: `${layers} × ${features}`,
    received: `${other.layers} × ${other.features}`,
  });
}
