/** @file Scores of every variant on every task: table 4 of arXiv 2305.19268, with standard errors and significance. */
import type { Cell, Column, Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { percent } from '../view/format-number.ts';
import { indexBy } from '../view/index-by.ts';
import { meanScores } from '../view/mean-score.ts';
import { isShare, metricUnit } from '../view/metric.ts';
import type { StudyView } from '../view/study-view.ts';

/** Per-task scores with averages. */
export function scoreSection(view: StudyView): Section | null {
  const records = view.records('task');
  if (records.length === 0) return null;
  const tasks = [...new Map(records.map((record) => [record.task, record.headline]))];
  const find = indexBy(records, ({ checkpoint, variant, task }) => [checkpoint, variant, task]);
  const comparisons = indexBy(view.records('comparison'), ({ checkpoint, variant }) => [checkpoint, variant]);
  const means = indexBy(meanScores(view), ({ checkpoint, variant }) => [checkpoint, variant]);
  const rows: Cell[][] = [];
  for (const { checkpoint, variant, averageBits } of view.records('variant')) {
    const comparison = comparisons(checkpoint, variant);
    const own = tasks.map(([task, headline]): Cell => {
      const record = find(checkpoint, variant, task);
      const score = record?.metrics[headline];
      if (record === undefined || score === undefined) return cell(null);
      const { scale } = metricUnit(headline);
      const isSignificant = comparison?.tasks.some((other) => other.task === task && other.isSignificant);
      const inUnit = (value: number): number => (scale === 100 ? percent(value) : value);
      return cell(inUnit(score.value), record, {
        stderr: score.stderr === null ? null : inUnit(score.stderr),
        ...(isSignificant ? { mark: '*' } : {}),
      });
    });
    if (own.every(({ value }) => value === null)) continue;
    const mean = means(checkpoint, variant);
    const average = comparison?.average ?? null;
    rows.push([
      cell(checkpoint),
      cell(variant),
      cell(averageBits),
      ...own,
      cell(mean && percent(mean.value), mean?.from ?? [], {
        stderr: mean?.stderr == null ? null : percent(mean.stderr),
      }),
      cell(average && percent(average.difference), comparison ?? [], {
        stderr: average?.stderr == null ? null : percent(average.stderr),
      }),
      cell(average?.percentDifference, comparison ?? []),
    ]);
  }
  const columns: Column[] = [
    { label: 'checkpoint' },
    { label: 'variant' },
    { label: 'bits a weight' },
    ...tasks.map(([task, headline]) => ({
      label: isShare(headline) ? `${task} (${headline}, %)` : `${task} (${headline})`,
      decimals: 2,
    })),
    { label: 'average (%)', decimals: 2 },
    { label: 'average difference (points)', decimals: 2 },
    { label: 'average % difference', decimals: 2 },
  ];
  return {
    id: 'scores',
    title: 'Scores',
    text: 'Every variant on every task, ± one standard error.',
    figures: [],
    tables: [
      {
        id: 'scores',
        title: 'Scores by task',
        columns,
        rows,
        notes: [
          "* differs significantly from the baseline of the checkpoint: p ≤ 0.05 after Holm's correction over its tasks, items paired.",
          'Averages are over tasks whose score is a share. Average % difference is the mean of 100 · (after / before − 1).',
        ],
      },
    ],
  };
}
