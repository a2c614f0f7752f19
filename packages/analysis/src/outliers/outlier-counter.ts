/**
 * @file Where activations of one sequence are outliers, counted layer by layer: the raw material of the rules of the INT8 paper (arXiv 2305.19268,
 * B.3). A layer's values are read once and not kept, whatever the number of thresholds.
 */
import { InvalidInputError, ShapeError } from '@bitcliff/core';

/** When one activation a is an outlier. */
export type OutlierRule =
  /** |a| > threshold, for each of several thresholds, ascending, at most 65,535. */
  | { readonly kind: 'threshold'; readonly thresholds: readonly number[] }
  /** |a| > deviations · σ + μ, with mean μ and standard deviation σ (of the population) of the token over its features. */
  | { readonly kind: 'zScore'; readonly deviations: number };

/** Sizes of the activations of one sequence. */
export interface OutlierShape {
  readonly layers: number;
  readonly tokens: number;
  readonly features: number;
}

/** How far outliers spread over layers and tokens, for one sequence and one threshold. */
export interface OutlierCoverage extends OutlierShape {
  /** Tokens where a feature is an outlier in a layer, u32[layers × features]. */
  readonly tokensOfLayer: Uint32Array;
  /** Tokens where a feature is an outlier in some layer, u32[features]. */
  readonly tokensOfAnyLayer: Uint32Array;
}

/** Counts the outliers of one sequence. */
export interface OutlierCounter {
  readonly rule: OutlierRule;
  /** Count a layer, once. @param values f32[tokens × features] @throws {ShapeError} for another size */
  add(layer: number, values: Float32Array): void;
  /** @param index of the threshold in the rule. @default 0 */
  coverage(index?: number): OutlierCoverage;
}

/** @throws {InvalidInputError} for thresholds that do not ascend, or none */
export function createOutlierCounter(shape: OutlierShape, rule: OutlierRule): OutlierCounter {
  const { layers, tokens, features } = shape;
  const thresholds = rule.kind === 'threshold' ? rule.thresholds : [0];
  const isBad = thresholds.some(
    (threshold, i) => !(threshold >= 0) || threshold <= (thresholds[i - 1] ?? -1),
  );
  if (isBad || thresholds.length === 0 || thresholds.length > 65_535) {
    throw new InvalidInputError({
      op: 'createOutlierCounter',
      problem: 'bad thresholds',
      expected: '1 to 65535 ascending numbers of at least 0',
      received: thresholds.join(', ') || 'none',
    });
  }
  // level of a value: how many thresholds it exceeds
  const byLevel = new Uint32Array(thresholds.length * layers * features);
  const highest = new (thresholds.length < 256 ? Uint8Array : Uint16Array)(tokens * features);

  return {
    rule,
    add(layer, values) {
      if (values.length !== tokens * features || !(layer >= 0 && layer < layers)) {
        throw new ShapeError({
          op: 'OutlierCounter.add',
          problem: 'values of another shape',
          expected: `${tokens} × ${features} of a layer below ${layers}`,
          received: `${values.length} of layer ${layer}`,
        });
      }
      for (let t = 0, at = 0; t < tokens; t++) {
        const row = values.subarray(at, at + features);
        const limits = rule.kind === 'threshold' ? thresholds : [zScoreLimit(row, rule.deviations)];
        const least = limits[0]!;
        for (let i = 0; i < features; i++, at++) {
          const a = Math.abs(row[i]!);
          if (!(a > least)) continue;
          let level = 1;
          while (level < limits.length && a > limits[level]!) level++;
          byLevel[((level - 1) * layers + layer) * features + i]!++;
          if (level > highest[at]!) highest[at] = level;
        }
      }
    },
    coverage(index = 0) {
      const tokensOfLayer = new Uint32Array(layers * features);
      for (let level = index; level < thresholds.length; level++) {
        const part = byLevel.subarray(level * tokensOfLayer.length);
        for (let i = 0; i < tokensOfLayer.length; i++) tokensOfLayer[i]! += part[i]!;
      }
      const tokensOfAnyLayer = new Uint32Array(features);
      for (let at = 0; at < highest.length; at++)
        if (highest[at]! > index) tokensOfAnyLayer[at % features]!++;
      return { ...shape, tokensOfLayer, tokensOfAnyLayer };
    },
  };
}

function zScoreLimit(row: Float32Array, deviations: number): number {
  const n = row.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += row[i]!;
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (row[i]! - mean) * (row[i]! - mean);
  const variance = squares / n;
  return deviations * Math.sqrt(variance) + mean;
}

/** Count all layers of one sequence. @param values f32[layers × tokens × features] */
export function countOutliers(values: Float32Array, shape: OutlierShape, rule: OutlierRule): OutlierCounter {
  const counter = createOutlierCounter(shape, rule);
  const size = shape.tokens * shape.features;
  for (let layer = 0; layer < shape.layers; layer++)
    counter.add(layer, values.subarray(layer * size, (layer + 1) * size));
  return counter;
}
