/** @file Activations along training: mean magnitude and values above 1, by role (the QiD study, part 2). */
import { seriesPanel } from '../figures/series-panel.ts';
import type { LegendEntry, Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber, percent } from '../view/format-number.ts';
import { sequenceStyle } from '../view/palette.ts';
import { ROLES } from '../view/roles.ts';
import { BASELINE, type RecordOf, type StudyView } from '../view/study-view.ts';
import { trajectories } from '../view/trajectories.ts';

/** The legend of roles, in the order of a block. */
export const ROLE_LEGEND: readonly LegendEntry[] = ROLES.map((label, i) => ({
  label,
  ...sequenceStyle(i, ROLES.length),
}));

interface Row {
  readonly name: string | null;
  readonly step: number;
  readonly checkpoint: string;
  readonly role: string;
  readonly meanAbs: number;
  readonly above: { readonly threshold: number; readonly count: number; readonly share: number } | null;
  readonly from: readonly RecordOf<'activation'>[];
}

/** When activations of several steps of a training run were recorded. */
export function activationTrainingSection(view: StudyView): Section | null {
  const records = view
    .records('activation')
    .filter(({ variant, side }) => variant === BASELINE && side === 'input');
  const rows = trajectories(view).flatMap(({ name, checkpoints }) =>
    checkpoints.flatMap(({ checkpoint, step }) =>
      ROLES.flatMap((role): Row[] => {
        const from = records.filter((record) => record.checkpoint === checkpoint && record.role === role);
        return from.length === 0 ? [] : [{ name, step, checkpoint, role, ...summary(from), from }];
      }),
    ),
  );
  if (new Set(rows.map(({ step }) => step)).size < 2) return null;
  const x = { title: 'training step' };
  const panels = [...new Set(rows.map(({ name }) => name))].flatMap((name) => {
    const own = rows.filter((row) => row.name === name);
    const titled = (title: string): string => [title, name].filter((part) => part !== null).join(', ');
    const point = ({ step, role, checkpoint }: Row, y: number, what: string) => ({
      x: step,
      y,
      series: role,
      tip: `input of ${role}, ${checkpoint}: ${what}`,
    });
    const above = own.flatMap((row) =>
      row.above === null
        ? []
        : [
            point(
              row,
              100 * row.above.share,
              `${row.above.count} values above 1, ${formatNumber(100 * row.above.share)} %`,
            ),
          ],
    );
    return [
      seriesPanel(
        own.map((row) => point(row, row.meanAbs, `mean magnitude ${formatNumber(row.meanAbs)}`)),
        {
          title: titled('mean magnitude'),
          x,
          y: { title: 'mean |a|', zero: true },
          legend: ROLE_LEGEND,
          line: true,
        },
      ),
      ...(above.length === 0
        ? []
        : [
            seriesPanel(above, {
              title: titled('values above 1'),
              x,
              y: { title: 'values with |a| > 1, %', zero: true },
              legend: ROLE_LEGEND,
              line: true,
            }),
          ]),
    ];
  });
  return {
    id: 'activation-training',
    title: 'Activations along training',
    text: 'What goes into the linear layers of the unquantized checkpoints: mean magnitude, and how many values are above 1.',
    figures: [
      {
        id: 'activation-training',
        title: 'Activations against the training step',
        caption: 'Means over layers, by module role.',
        panels,
        legend: ROLE_LEGEND,
      },
    ],
    tables: [
      {
        id: 'activation-training',
        title: 'Activations by step',
        columns: [
          ...['checkpoint', 'step', 'input of', 'mean |a|', 'values with |a| > 1', '(%)'].map((label) => ({
            label,
          })),
        ],
        rows: rows.map(({ checkpoint, step, role, meanAbs, above, from }) => [
          cell(checkpoint),
          cell(step, from),
          cell(role),
          cell(meanAbs, from),
          cell(above?.count, from),
          cell(above && percent(above.share), from),
        ]),
        notes: ['Mean over layers; counts are sums over layers.'],
      },
    ],
  };
}

function summary(records: readonly RecordOf<'activation'>[]): Pick<Row, 'meanAbs' | 'above'> {
  const counts = records.flatMap(({ above }) => above.find(({ threshold }) => threshold === 1)?.count ?? []);
  const values = records.reduce((sum, { tokens, features }) => sum + tokens * features, 0);
  const total = counts.reduce((a, b) => a + b, 0);
  return {
    meanAbs: records.reduce((sum, { meanAbs }) => sum + meanAbs, 0) / records.length,
    above: counts.length < records.length ? null : { threshold: 1, count: total, share: total / values },
  };
}
