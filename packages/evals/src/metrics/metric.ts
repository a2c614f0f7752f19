import type { Sample } from '../scoring/sample.ts';

/** A number with its uncertainty. */
export interface MetricValue {
  readonly value: number;
  /** Standard error in the unit of the value; null where it is not defined (n ≤ 1). */
  readonly stderr: number | null;
}

/** One number over the samples of a task. */
export interface Metric {
  readonly higherIsBetter: boolean;
  /** @param samples of every item of the task, at least one */
  aggregate(samples: readonly Sample[]): MetricValue;
}
