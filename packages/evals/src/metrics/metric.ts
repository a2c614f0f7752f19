import type { Sample } from '../scoring/sample.ts';
import { bootstrapStderr } from '../statistics/bootstrap-stderr.ts';
import { groupByCluster } from '../statistics/paired-difference.ts';
import { mean, meanStderr } from './mean.ts';

/** A number with its uncertainty. */
export interface MetricValue {
  readonly value: number;
  /** Standard error in the unit of the value; null where it is not defined (n ≤ 1). */
  readonly stderr: number | null;
}

/** How standard errors are made. */
export interface StderrOptions {
  /**
   * Replicates of the harness's own bootstrap, with CPython's random numbers, for the metrics that it bootstraps (`perplexity`); slow.
   * @default the delta method, a formula
   */
  readonly bootstrapIterations?: number | undefined;
}

/** One number over the samples of a task. */
export interface Metric {
  readonly higherIsBetter: boolean;
  /** @param samples of every item of the task, at least one */
  aggregate(samples: readonly Sample[], options?: StderrOptions): MetricValue;
  /** Score of one item, for a metric that is the mean of those; two models are compared item by item. */
  perItem?(sample: Sample): number;
  /** For a metric of Σ log-likelihood / Σ size; two models are compared by resampling items. */
  readonly rate?: Rate | undefined;
}

/** A metric of the log-likelihood per unit of text. */
export interface Rate {
  /** Units of the item: bytes, words, tokens, or 1. */
  size(sample: Sample): number;
  /** The metric from the rate, nats per unit; monotone. */
  fromRate(rate: number): number;
  /** Its derivative, for the delta method. */
  slope(rate: number): number;
}

/** A metric that is the mean of the items' scores; its standard error is that of a mean. */
export function meanMetric(perItem: (sample: Sample) => number): Metric {
  return {
    higherIsBetter: true,
    perItem,
    aggregate(samples) {
      const scores = samples.map(perItem);
      return { value: mean(scores), stderr: meanStderr(scores) };
    },
  };
}

/**
 * A metric of Σ log-likelihood / Σ size. Standard error by the delta method for a ratio, whole clusters at a time: with the residuals
 * e_c = Σ_{i∈c} (ll_i − r·size_i) of C clusters, |slope(r)|·√(C / (C − 1)·Σ e_c²) / Σ size. The harness prints "N/A" for these, save `perplexity`.
 */
export function rateMetric(rate: Rate & { higherIsBetter: boolean; isBootstrapped?: boolean }): Metric {
  const { higherIsBetter, isBootstrapped = false } = rate;
  return {
    higherIsBetter,
    rate,
    aggregate(samples, { bootstrapIterations } = {}) {
      const logProbs = samples.map(totalLogProb);
      const sizes = samples.map((sample) => rate.size(sample));
      const size = sum(sizes);
      const r = sum(logProbs) / size;
      const value = rate.fromRate(r);
      if (isBootstrapped && bootstrapIterations !== undefined) {
        const statistic = (items: readonly number[]): number => rate.fromRate(mean(items)); // of size 1 each
        return { value, stderr: bootstrapStderr(logProbs, statistic, bootstrapIterations) };
      }
      const residuals = groupByCluster(samples.map((sample) => sample.cluster)).map((items) =>
        sum(items.map((i) => logProbs[i]! - r * sizes[i]!)),
      );
      const C = residuals.length;
      if (C <= 1 || !Number.isFinite(r)) return { value, stderr: null };
      const spread = Math.sqrt((C / (C - 1)) * sum(residuals.map((e) => e * e)));
      return { value, stderr: (Math.abs(rate.slope(r)) * spread) / size };
    },
  };
}

/** Σ of the log-likelihoods of an item's requests: its windows, or its one target. */
export function totalLogProb(sample: Sample): number {
  return sum(sample.logProbs);
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
