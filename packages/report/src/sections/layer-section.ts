/** @file What makes a layer hard to quantize, checkpoints side by side: figures 5, 10 and 11 of arXiv 2305.19268. */
import { seriesPanel } from '../figures/series-panel.ts';
import type { Panel, Section, Table } from '../report.ts';
import { cell, type FromRun } from '../view/cell.ts';
import { formatNumber } from '../view/format-number.ts';
import { indexBy } from '../view/index-by.ts';
import { BASELINE, type StudyView } from '../view/study-view.ts';

interface Measure {
  readonly title: string;
  readonly unit: string;
  readonly points: readonly ({
    readonly checkpoint: string;
    readonly layer: number;
    readonly value: number;
  } & FromRun)[];
}

/** When weights or activations of attn.qkv were recorded. */
export function layerSection(view: StudyView): Section | null {
  const inputs = view
    .records('activation')
    .filter(({ variant, role, side }) => variant === BASELINE && role === 'attn.qkv' && side === 'input');
  const weights = view
    .records('weight')
    .filter(({ variant, role }) => variant === BASELINE && role === 'attn.qkv');
  const gains = view.records('gain').filter(({ norm }) => norm === 'attention');
  const all: Measure[] = [
    {
      title: 'RMSE(X, X̂) of the INT8 input',
      unit: 'RMSE',
      points: inputs.map((record) => ({ ...record, value: record.int8Rmse })),
    },
    {
      title: 'mean per-token STD of the input',
      unit: 'STD',
      points: inputs.map((record) => ({ ...record, value: record.meanTokenStd })),
    },
    {
      title: 'STD of the norm gain',
      unit: 'STD',
      points: gains.map((record) => ({ ...record, value: record.std })),
    },
    {
      title: 'spectral norm of the weights',
      unit: '‖W‖₂',
      points: weights.map((record) => ({ ...record, value: record.spectral.norm })),
    },
    {
      title: 'STD of the weights',
      unit: 'STD',
      points: weights.map((record) => ({ ...record, value: record.values.std })),
    },
  ];
  const measures = all.filter(({ points }) => points.length > 0);
  if (measures.length === 0) return null;
  const legend = view.checkpointLegend(
    measures.flatMap(({ points }) => points.map(({ checkpoint }) => checkpoint)),
  );
  const panels = measures.map(
    ({ title, unit, points }): Panel =>
      seriesPanel(
        points.map(({ checkpoint, layer, value }) => ({
          x: layer,
          y: value,
          series: checkpoint,
          tip: `${checkpoint}, layer ${layer}: ${formatNumber(value)}`,
        })),
        { title, x: { title: 'layer', whole: true }, y: { title: unit, zero: true }, legend, line: true },
      ),
  );
  return {
    id: 'layers',
    title: 'What makes layers hard to quantize',
    text: `attn.qkv of the unquantized checkpoints: the error of rounding its input to INT8 with a scale per token, the spread of its input over features, the spread of the gain of the norm before it, and its weights.${withoutGain(gains)}`,
    figures: [{ id: 'layers', title: 'attn.qkv by layer', caption: 'Layers count from 0.', panels, legend }],
    tables: [table(measures)],
  };
}

function withoutGain(gains: readonly { readonly note: string | null }[]): string {
  const n = gains.filter(({ note }) => note !== null).length;
  return n === 0
    ? ''
    : ` ${n} of ${gains.length} norms have no gain, or one of 1 everywhere: their STD of 0 says nothing.`;
}

function table(measures: readonly Measure[]): Table {
  const places = new Map(
    measures.flatMap(({ points }) =>
      points.map(({ checkpoint, layer }) => [JSON.stringify([checkpoint, layer]), { checkpoint, layer }]),
    ),
  );
  const finders = measures.map(({ points }) =>
    indexBy(points, ({ checkpoint, layer }) => [checkpoint, layer]),
  );
  return {
    id: 'layers',
    title: 'attn.qkv by layer',
    columns: [
      { label: 'checkpoint' },
      { label: 'layer' },
      ...measures.map(({ title }) => ({ label: title })),
    ],
    rows: [...places.values()].map(({ checkpoint, layer }) => {
      const found = finders.map((find) => find(checkpoint, layer));
      return [
        cell(checkpoint),
        cell(layer, found.find((point) => point !== undefined) ?? []),
        ...found.map((point) => cell(point?.value, point ?? [])),
      ];
    }),
    notes: [],
  };
}
