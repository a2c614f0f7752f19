/** @file Paired tests of every variant against the baseline on the same items, with what the items can find. */

import { fewPanels } from '../figures/few-panels.ts';
import { type IntervalPoint, intervalPanel } from '../figures/interval-panel.ts';
import type { Cell, Figure, Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber, formatP, formatSigned, percent } from '../view/format-number.ts';
import { groupBy } from '../view/index-by.ts';
import { metricUnit } from '../view/metric.ts';
import type { RecordOf, StudyView } from '../view/study-view.ts';

type Comparison = RecordOf<'comparison'>;

/** Differences with intervals, tests and the smallest detectable difference. */
export function comparisonSection(view: StudyView): Section | null {
  const records = view.records('comparison');
  if (records.length === 0) return null;
  return {
    id: 'comparisons',
    title: 'Is the difference real?',
    text: 'Every variant against the baseline of its checkpoint on the same items.',
    figures: figure(view, records),
    tables: [
      {
        id: 'comparisons',
        title: 'Paired tests',
        columns: [
          ...['checkpoint', 'variant', 'task', 'metric', 'unit', 'items'].map((label) => ({ label })),
          ...['before', 'after', 'difference', '95 % from', '95 % to'].map((label) => ({
            label,
            decimals: 2,
          })),
          ...['p', 'p (Holm)'].map((label) => ({ label, decimals: 4 })),
          { label: 'smallest detectable difference', decimals: 2 },
          { label: 'finds' },
        ],
        rows: records.flatMap((record) => record.tasks.map((task) => row(record, task))),
        notes: [
          "p of an exact McNemar test on changed answers, or of a paired bootstrap for perplexities; * where it is at most 0.05 after Holm's correction over the tasks of a variant.",
          'Smallest detectable difference: what this many items find in 80 % of experiments. "cannot tell": the difference is smaller than that and not significant.',
        ],
      },
    ],
  };
}

function row(record: Comparison, task: Comparison['tasks'][number]): Cell[] {
  const { scale, unit } = metricUnit(task.metric);
  const inUnit = (value: number | null | undefined): number | null =>
    value == null ? null : scale === 100 ? percent(value) : value;
  return [
    cell(record.checkpoint),
    cell(record.variant),
    cell(task.task),
    cell(task.metric),
    cell(unit),
    cell(task.n, record),
    cell(inUnit(task.before), record),
    cell(inUnit(task.after), record),
    cell(inUnit(task.difference), record, { stderr: inUnit(task.stderr) }),
    cell(inUnit(task.confidence95?.[0]), record),
    cell(inUnit(task.confidence95?.[1]), record),
    cell(task.p, record),
    cell(task.pHolm, record, task.isSignificant ? { mark: '*' } : {}),
    cell(inUnit(task.detectable), record),
    cell(
      task.isSignificant
        ? isWorse(task)
          ? 'a loss'
          : 'a gain'
        : task.isUnresolved
          ? 'cannot tell'
          : 'no difference',
      record,
    ),
  ];
}

/** Whether the variant is behind the baseline. */
export function isWorse({ difference, higherIsBetter }: Comparison['tasks'][number]): boolean {
  return higherIsBetter ? difference < 0 : difference > 0;
}

function figure(view: StudyView, records: readonly Comparison[]): Figure[] {
  const legend = view.variantLegend(records.map(({ variant }) => variant));
  const { shown, note } = fewPanels([...groupBy(records, ({ checkpoint }) => checkpoint)], 'checkpoints');
  const panels = shown.flatMap(([checkpoint, own]) => {
    const points = own.flatMap((record) => record.tasks.flatMap((task) => point(record.variant, task)));
    const title = shown.length === 1 ? null : checkpoint;
    return points.length === 0
      ? []
      : [intervalPanel(points, { title, x: { title: 'difference to the baseline, points' }, legend })];
  });
  if (panels.length === 0) return [];
  return [
    {
      id: 'comparisons',
      title: 'Difference to the baseline by task',
      caption: `Points: difference of the score, in points of a percent; bars: 95 % intervals, items paired. Scores that are no shares are in the table alone.${note}`,
      panels,
      legend,
    },
  ];
}

function point(variant: string, task: Comparison['tasks'][number]): IntervalPoint[] {
  if (!task.higherIsBetter) return [];
  const [low, high] = task.confidence95 ?? [];
  const ends = low === undefined || high === undefined ? {} : { low: 100 * low, high: 100 * high };
  const range =
    low === undefined || high === undefined
      ? ''
      : ` (95 %: ${formatSigned(100 * low, 2)} to ${formatSigned(100 * high, 2)})`;
  return [
    {
      category: task.task,
      x: 100 * task.difference,
      ...ends,
      series: variant,
      tip: `${variant}, ${task.task}: ${formatSigned(100 * task.difference, 2)} points${range}, ${formatNumber(100 * task.before, 2)} % before, p (Holm) ${formatP(task.pHolm)}`,
    },
  ];
}
