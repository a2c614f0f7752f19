/** @file Degradation against what checkpoints were trained with: figures 2 and 3 of arXiv 2305.19268. */
import { seriesPanel } from '../figures/series-panel.ts';
import type { Figure, Section, Table } from '../report.ts';
import { cell } from '../view/cell.ts';
import { capitalized, formatNumber, formatSigned, listed, percent } from '../view/format-number.ts';
import { interval } from '../view/mean-score.ts';
import { type PretrainingAxis, pretrainingAxes } from '../view/pretraining-axes.ts';
import type { RecordOf, StudyView } from '../view/study-view.ts';

/** When checkpoints differ in weight decay or a label, and variants were compared with their baselines. */
export function axesSection(view: StudyView): Section | null {
  const records = view.records('comparison').flatMap((record) => {
    const checkpoint = view.checkpoint(record.checkpoint);
    return checkpoint === undefined || record.average === null
      ? []
      : [{ record, checkpoint, average: record.average }];
  });
  const axes = pretrainingAxes(view).filter(
    ({ valueIn }) => new Set(records.flatMap(({ checkpoint }) => valueIn(checkpoint) ?? [])).size > 1,
  );
  if (axes.length === 0) return null;
  const tied = new Set(
    axes
      .filter(({ confounded }) => confounded.length > 0)
      .map(({ name, confounded }) => listed([name, ...confounded].sort())),
  );
  return {
    id: 'axes',
    title: 'Degradation against pretraining',
    text: [
      'Difference of the mean accuracy between variant and baseline, against what the checkpoints were trained with.',
      ...[...tied].map(
        (names) => `${capitalized(names)} change together in this study: their effects cannot be told apart.`,
      ),
    ].join(' '),
    figures: [figure(view, axes, records)],
    tables: axes.map((axis, i) => table(axis, i, records)),
  };
}

interface Degradation {
  readonly record: RecordOf<'comparison'>;
  readonly checkpoint: RecordOf<'checkpoint'>;
  readonly average: NonNullable<RecordOf<'comparison'>['average']>;
}

function figure(view: StudyView, axes: readonly PretrainingAxis[], records: readonly Degradation[]): Figure {
  const legend = view.variantLegend(records.map(({ record }) => record.variant));
  const panels = axes.map(({ name, values, valueIn }) => {
    const points = values.flatMap((value) =>
      records.flatMap(({ record, checkpoint, average: { difference, stderr, percentDifference } }) => {
        if (valueIn(checkpoint) !== value) return [];
        const { low, high } = interval(difference, stderr);
        return [
          {
            x: String(value),
            y: 100 * difference,
            ...(low === undefined || high === undefined ? {} : { low: 100 * low, high: 100 * high }),
            series: record.variant,
            tip: `${record.variant} of ${checkpoint.checkpoint}: ${formatSigned(100 * difference, 2)} points${stderr === null ? '' : ` ± ${formatNumber(100 * stderr, 2)}`}${percentDifference === null ? '' : `, average difference ${formatSigned(percentDifference, 2)} %`}`,
          },
        ];
      }),
    );
    return seriesPanel(points, {
      title: name,
      x: { title: 'value', scale: 'category' },
      y: { title: 'difference, points' },
      legend,
      zeroLine: true,
    });
  });
  return {
    id: 'axes',
    title: 'Degradation against pretraining axes',
    caption:
      'Difference of mean accuracy to the baseline, in points of a percent; bars: 95 % intervals. One point for each checkpoint and variant.',
    panels,
    legend,
  };
}

function table(
  { name, values, valueIn }: PretrainingAxis,
  index: number,
  records: readonly Degradation[],
): Table {
  return {
    id: `axis-${index + 1}`,
    title: `Degradation by ${name}`,
    columns: [
      ...[name, 'checkpoint', 'variant'].map((label) => ({ label })),
      { label: 'difference (points)', decimals: 2 },
      { label: 'average % difference', decimals: 2 },
    ],
    rows: values.flatMap((value) =>
      records.flatMap(({ record, checkpoint, average }) =>
        valueIn(checkpoint) !== value
          ? []
          : [
              [
                cell(value, checkpoint),
                cell(checkpoint.checkpoint),
                cell(record.variant),
                cell(percent(average.difference), record, {
                  stderr: average.stderr === null ? null : percent(average.stderr),
                }),
                cell(average.percentDifference, record),
              ],
            ],
      ),
    ),
    notes: [],
  };
}
