import { METRICS } from '@bitcliff/evals';

/** True for a metric in [0, 1] that is printed in percent; others, perplexities, are printed as they are. */
export function isShare(metric: string): boolean {
  return METRICS[metric]?.higherIsBetter ?? true;
}

/** `41.20 ± 1.10`. */
export function formatScore(metric: string, score: { value: number; stderr: number | null }): string {
  const scale = isShare(metric) ? 100 : 1;
  const value = formatNumber(scale * score.value);
  return score.stderr === null ? value : `${value} ± ${formatNumber(scale * score.stderr)}`;
}

/** Two decimals; large numbers in powers of ten. */
export function formatNumber(value: number): string {
  return Math.abs(value) < 1e5 ? value.toFixed(2) : value.toExponential(2);
}

/** With its sign, a dash for nothing; no `-0.00`. */
export function formatSigned(value: number | null): string {
  if (value === null) return '–';
  const text = formatNumber(value);
  return value > 0 ? `+${text}`.replace(/^\+(0\.00)$/, '$1') : text.replace(/^-(0\.00)$/, '$1');
}

/** A p-value in three digits. */
export function formatP(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}
