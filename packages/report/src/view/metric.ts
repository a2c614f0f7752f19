/** Metrics where less is better, by the names of @bitcliff/evals: perplexities and bits per byte. All others are shares in [0, 1]. */
const LOWER_IS_BETTER = /(^|_)perplexity$|^bits_per_byte$/;

/** True for a metric in [0, 1], which is printed in percent. */
export function isShare(metric: string): boolean {
  return !LOWER_IS_BETTER.test(metric);
}

/** Factor and unit for printing a metric. */
export function metricUnit(metric: string): { readonly scale: number; readonly unit: string } {
  return isShare(metric) ? { scale: 100, unit: '%' } : { scale: 1, unit: metric };
}
