/** @file Mean zero-shot accuracy against model size, baseline and quantized: figure 1 of arXiv 2305.19268. */
import { seriesPanel } from '../figures/series-panel.ts';
import type { Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber, percent } from '../view/format-number.ts';
import { interval, meanScores } from '../view/mean-score.ts';
import type { StudyView } from '../view/study-view.ts';

/** When checkpoints of several sizes were scored. */
export function sizeSection(view: StudyView): Section | null {
  const scores = meanScores(view).flatMap((score) => {
    const checkpoint = view.checkpoint(score.checkpoint);
    return checkpoint === undefined ? [] : [{ ...score, checkpoint }];
  });
  if (new Set(scores.map(({ checkpoint }) => checkpoint.parameters)).size < 2) return null;
  const legend = view.variantLegend(scores.map(({ variant }) => variant));
  const points = scores.map(({ checkpoint, variant, value, stderr }) => ({
    x: checkpoint.parameters,
    y: 100 * value,
    ...scaled(interval(value, stderr)),
    series: variant,
    tip: `${checkpoint.checkpoint}, ${variant}: ${formatNumber(100 * value, 2)} %${stderr === null ? '' : ` ± ${formatNumber(100 * stderr, 2)}`}`,
  }));
  return {
    id: 'size',
    title: 'Accuracy against size',
    text: 'Mean over the tasks whose score is a share.',
    figures: [
      {
        id: 'size',
        title: 'Mean accuracy against parameters',
        caption: 'Bars: 95 % intervals over items.',
        panels: [
          seriesPanel(points, {
            title: null,
            x: { title: 'parameters', scale: 'log' },
            y: { title: 'mean accuracy, %' },
            legend,
            line: isFunction(points),
          }),
        ],
        legend,
      },
    ],
    tables: [
      {
        id: 'size',
        title: 'Mean accuracy by size',
        columns: [
          { label: 'checkpoint' },
          { label: 'parameters' },
          { label: 'variant' },
          { label: 'tasks' },
          { label: 'mean accuracy (%)', decimals: 2 },
        ],
        rows: scores.map(({ checkpoint, variant, value, stderr, tasks, from }) => [
          cell(checkpoint.checkpoint),
          cell(checkpoint.parameters, checkpoint),
          cell(variant),
          cell(tasks, from),
          cell(percent(value), from, { stderr: stderr === null ? null : percent(stderr) }),
        ]),
        notes: [],
      },
    ],
  };
}

const scaled = ({ low, high }: { low?: number; high?: number }): { low?: number; high?: number } =>
  low === undefined || high === undefined ? {} : { low: 100 * low, high: 100 * high };

/** One value of each series at each x: lines may connect them. */
function isFunction(points: readonly { readonly x: unknown; readonly series: string }[]): boolean {
  return new Set(points.map(({ x, series }) => JSON.stringify([x, series]))).size === points.length;
}
