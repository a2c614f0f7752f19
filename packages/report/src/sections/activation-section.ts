/** @file Magnitudes of activations: histograms by role, and the largest of each layer (arXiv 2405.20835). */
import { fewPanels } from '../figures/few-panels.ts';
import { heatmapPanel, valueDomain } from '../figures/heatmap-panel.ts';
import { seriesPanel } from '../figures/series-panel.ts';
import type { Figure, Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber } from '../view/format-number.ts';
import { groupBy } from '../view/index-by.ts';
import { BASELINE, type RecordOf, type StudyView } from '../view/study-view.ts';
import { inBlockOrder } from './activation-error-section.ts';

type Activations = readonly RecordOf<'activation'>[];

/** When activations were recorded. */
export function activationSection(view: StudyView): Section | null {
  const records = view.records('activation').filter(({ variant }) => variant === BASELINE);
  if (records.length === 0) return null;
  return {
    id: 'activations',
    title: 'Magnitudes of activations',
    text: 'What goes into the linear layers of the unquantized checkpoints, on the text of the analysis.',
    figures: [histograms(view, records), maxima(records)],
    tables: [
      {
        id: 'activations',
        title: 'Activations by layer and role',
        columns: [
          ...[
            'checkpoint',
            'layer',
            'role',
            'side',
            'mean |a|',
            'max |a|',
            'mean per-token STD',
            'RMSE(X, X̂) of INT8',
            'massive',
          ].map((label) => ({ label })),
        ],
        rows: records.map((record) => [
          cell(record.checkpoint),
          cell(record.layer, record),
          cell(record.role),
          cell(record.side),
          cell(record.meanAbs, record),
          cell(record.absMax, record),
          cell(record.meanTokenStd, record),
          cell(record.int8Rmse, record),
          cell(record.massive.length, record),
        ]),
        notes: ['Massive: values that dwarf the median magnitude, at most 64 of them are kept.'],
      },
    ],
  };
}

/** Counts over all layers by role, a line for each checkpoint. */
function histograms(view: StudyView, records: Activations): Figure {
  const places = groupBy(inBlockOrder(records), ({ role, side }) => `${side} of ${role}`);
  const { shown, note } = fewPanels(
    view.checkpointLegend(records.map(({ checkpoint }) => checkpoint)),
    'checkpoints',
  );
  const panels = [...places].map(([title, own]) => {
    const points = shown.flatMap(({ label }) => {
      const bins = pooled(own.filter(({ checkpoint }) => checkpoint === label));
      const total = bins.reduce((sum, { count }) => sum + count, 0);
      return bins.flatMap(({ edge, count }) =>
        count === 0
          ? []
          : [
              {
                x: edge,
                y: (100 * count) / total,
                series: label,
                tip: `${label}, |a| up to ${formatNumber(edge)}: ${formatNumber((100 * count) / total)} %`,
              },
            ],
      );
    });
    return seriesPanel(points, {
      title,
      x: { title: '|a|', scale: 'log' },
      y: { title: 'values in a bin, %', scale: 'log' },
      legend: shown,
      line: true,
      points: points.length <= 200,
    });
  });
  return {
    id: 'activation-magnitudes',
    title: 'Histogram of magnitudes by role',
    caption: `Over all layers. Bins are quarters of a power of two, drawn at their upper edges; exact zeros are left out.${note}`,
    panels,
    legend: shown,
  };
}

/** Histograms added up; only bins wider than nothing. */
function pooled(records: Activations): { edge: number; count: number }[] {
  const counts = new Map<number, number>();
  for (const { histogram } of records) {
    for (const [i, count] of histogram.counts.entries()) {
      const edge = histogram.edges[i + 1]!;
      counts.set(edge, (counts.get(edge) ?? 0) + count);
    }
  }
  return [...counts].map(([edge, count]) => ({ edge, count })).sort((a, b) => a.edge - b.edge);
}

/** Layer × role. */
function maxima(records: Activations): Figure {
  const own = records.filter(({ side }) => side === 'input');
  const used = own.length === 0 ? records : own;
  const { shown, note } = fewPanels(
    [...groupBy(inBlockOrder(used), ({ checkpoint }) => checkpoint)],
    'checkpoints',
  );
  const positive = used.map(({ absMax }) => absMax).filter((value) => value > 0);
  const scale = positive.length === used.length ? 'log' : 'symlog';
  const domain = valueDomain(used.map(({ absMax }) => absMax));
  return {
    id: 'activation-maxima',
    title: 'Largest magnitude by layer and role',
    caption: `max |a| over all tokens and features, on a logarithmic scale that all panels share.${note}`,
    panels: shown.map(([title, activations]) =>
      heatmapPanel(
        activations.map(({ layer, role, absMax }) => ({
          x: role,
          y: layer,
          value: absMax,
          tip: `layer ${layer}, ${role}: ${formatNumber(absMax)}`,
        })),
        { title, y: 'layer', value: 'max |a|', domain, scale },
      ),
    ),
    legend: [],
  };
}
