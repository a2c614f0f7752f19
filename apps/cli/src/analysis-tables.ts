/** @file Records of an analysis as tables for people: a row for each layer and role, and under each table the place that stands out. */
import type {
  ActivationErrorRecord,
  ActivationRecord,
  GainRecord,
  OutlierRecord,
  WeightAnalysis,
  WeightRecord,
} from '@bitcliff/analysis';
import { BASELINE } from '@bitcliff/runtime';
import { textTable } from './text-table.ts';

/** Where a record belongs. */
interface Place {
  readonly layer: number | null;
  readonly role: string | null;
}

/** `layer 3, attn.qkv`; layers count from 0, as in tensor names. */
export function placeName({ layer, role }: Place): string {
  return [layer === null ? [] : `layer ${layer}`, role ?? []].flat().join(', ');
}

/** Four significant digits. */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e5 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}

/** A share in percent. */
export function formatPercent(share: number): string {
  return `${formatNumber(100 * share)} %`;
}

/** The record with the largest value. @param records at least one */
export function largest<T>(records: readonly T[], value: (record: T) => number): T {
  return records.reduce((a, b) => (value(b) > value(a) ? b : a));
}

/** Weights: shape, spread, spectral norm, the gain of the norm before them, and the error of each recipe. */
export function renderWeights({ weights, gains }: WeightAnalysis): string {
  const baseline = weights.filter(({ variant }) => variant === BASELINE);
  const variants = [...new Set(weights.map(({ variant }) => variant))].filter((name) => name !== BASELINE);
  const rows = baseline.map((record) => [
    placeName(record),
    record.shape.join(' → '),
    formatNumber(record.values.std),
    formatNumber(Math.max(-record.values.min, record.values.max)),
    record.values.kurtosis === null ? '–' : formatNumber(record.values.kurtosis),
    formatNumber(record.spectral.norm),
    gainBefore(gains, record),
    ...variants.map((variant) => {
      const own = weights.find((other) => other.variant === variant && samePlace(other, record));
      return own?.error?.relative === undefined || own.error.relative === null
        ? '–'
        : formatPercent(own.error.relative);
    }),
  ]);
  const head = [
    'weights',
    'in → out',
    'std',
    'max |w|',
    'kurtosis',
    '‖W‖₂',
    'gain std',
    ...variants.map((name) => `error ${name}`),
  ];
  const notes = [
    ...notesOnGains(gains),
    ...(variants.length === 0 ? [] : ['Errors are ‖W − Ŵ‖ / ‖W‖.']),
    ...(baseline.every(({ spectral }) => spectral.converged)
      ? []
      : ['Some spectral norms have not converged: see --json.']),
  ];
  return `${textTable(head, rows)}${notes.map((note) => `${note}\n`).join('')}`;
}

const samePlace = (a: Place, b: Place): boolean => a.layer === b.layer && a.role === b.role;

function gainBefore(gains: readonly GainRecord[], { layer, role }: WeightRecord): string {
  const norm = role === 'attn.qkv' ? 'attention' : role === 'mlp.up' ? 'mlp' : null;
  const gain = gains.find((record) => record.layer === layer && record.norm === norm);
  if (gain === undefined) return '';
  return gain.note === null ? formatNumber(gain.std) : gain.note === 'none' ? 'no gain' : 'all 1';
}

function notesOnGains(gains: readonly GainRecord[]): string[] {
  const without = gains.filter(({ note }) => note !== null).length;
  if (without === 0) return [];
  return [
    `${without} of ${gains.length} norms have no gain, or one of 1 everywhere: their std of 0 says nothing.`,
  ];
}

/** Activations of the baseline. */
export function renderActivations(activations: readonly ActivationRecord[]): string {
  const records = activations.filter(({ variant }) => variant === BASELINE);
  const thresholds = records[0]!.above.map(({ threshold }) => threshold);
  const rows = records.map((record) => [
    placeName(record),
    formatNumber(record.meanAbs),
    formatNumber(record.absMax),
    ...record.above.map(({ count }) => formatPercent(count / (record.tokens * record.features))),
    formatNumber(record.meanTokenStd),
    formatNumber(record.int8Rmse),
    String(record.massive.length),
  ]);
  const head = [
    'inputs',
    'mean |a|',
    'max |a|',
    ...thresholds.map((t) => `|a| > ${t}`),
    'token std',
    'INT8 RMSE',
    'massive',
  ];
  const worst = largest(records, ({ int8Rmse }) => int8Rmse);
  const channel = worst.channelMax.indexOf(worst.absMax);
  return `${textTable(head, rows)}Largest INT8 error: ${placeName(worst)}; largest magnitude there in channel ${channel}.\n`;
}

/** Outlier dimensions by each rule. */
export function renderOutliers(outliers: readonly OutlierRecord[]): string {
  const rows = outliers.map(({ rule, dimensions, tokenFraction, layerFraction }) => [
    rule.kind === 'threshold' ? `|a| > ${rule.threshold}` : `|a| > ${rule.deviations} σ + μ of the token`,
    String(dimensions.length),
    tokenFraction === null ? '–' : formatPercent(tokenFraction),
    layerFraction === null ? '–' : formatPercent(layerFraction),
    dimensions
      .slice(0, 6)
      .map(({ dimension }) => dimension)
      .join(' ') + (dimensions.length > 6 ? ' …' : ''),
  ]);
  const { role, reading, samples, layerShare, tokenShare } = outliers[0]!;
  const rule = `Outliers in at least ${formatPercent(layerShare)} of layers and ${formatPercent(tokenShare)} of tokens (${reading}), in each of ${samples} windows.`;
  const layers = outliers
    .flatMap(({ dimensions }) => dimensions)
    .map(({ dimension, tokenFractionOfLayer }) => {
      const where = tokenFractionOfLayer.flatMap((share, layer) => (share > 0 ? [layer] : []));
      return `Dimension ${dimension}: in layers ${where.join(', ')}.`;
    });
  const head = [`outlier dimensions, ${role}`, 'number', '% sequence', '% layers', 'dimensions'];
  return `${textTable(head, rows)}${[rule, ...new Set(layers.slice(0, 6))].map((line) => `${line}\n`).join('')}`;
}

/** The error of outputs: local, then propagated, for each recipe. */
export function renderErrors(errors: readonly ActivationErrorRecord[]): string {
  const variants = [...new Set(errors.map(({ variant }) => variant))];
  const columns = variants.flatMap((variant) =>
    (['local', 'propagated'] as const).map((kind) =>
      errors.filter((e) => e.variant === variant && e.kind === kind),
    ),
  );
  const rows = columns[0]!.map((place) => [
    placeName(place),
    ...columns.map((column) => {
      const { relative } = column.find((record) => samePlace(record, place))!;
      return relative === null ? '–' : formatPercent(relative);
    }),
  ]);
  const head = ['error of outputs', ...variants.flatMap((variant) => [`${variant} local`, 'propagated'])];
  const notes = variants.map((variant) => {
    const own = errors.filter((e) => e.variant === variant && e.kind === 'local');
    return `${variant}: the largest local error is at ${placeName(largest(own, ({ relative }) => relative ?? 0))}.`;
  });
  const meaning =
    "Errors are ‖Y − Ŷ‖ / ‖Y‖: local with the baseline's input and this role alone quantized, propagated with the whole variant.";
  return `${textTable(head, rows)}${[meaning, ...notes].join('\n')}\n`;
}
