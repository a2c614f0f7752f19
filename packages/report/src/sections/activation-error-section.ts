/** @file The error of outputs by layer and role, and how it moves along training (the QiD study, part 3). */
import { fewPanels } from '../figures/few-panels.ts';
import { heatmapPanel, valueDomain } from '../figures/heatmap-panel.ts';
import { type SeriesPoint, seriesPanel } from '../figures/series-panel.ts';
import type { Cell, Figure, Section, Table } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber, percent } from '../view/format-number.ts';
import { groupBy, indexBy } from '../view/index-by.ts';
import { sequenceStyle } from '../view/palette.ts';
import { ROLES } from '../view/roles.ts';
import type { RecordOf, StudyView } from '../view/study-view.ts';
import { trajectories } from '../view/trajectories.ts';
import { ROLE_LEGEND } from './activation-training-section.ts';

type Errors = readonly RecordOf<'activationError'>[];

/** When activation errors were recorded. */
export function activationErrorSection(view: StudyView): Section | null {
  const records = view.records('activationError');
  if (records.length === 0) return null;
  return {
    id: 'activation-error',
    title: 'Where activations go wrong',
    text: "The difference between the outputs of a role in the variant and in the baseline, as a share of the baseline's. Propagated: the whole variant runs, and errors add up. Local: this role alone is quantized, and gets the baseline's input.",
    figures: [...mapFigure(view, records), ...trainingFigures(view, records)],
    tables: [table(records)],
  };
}

const inPercent = (relative: number): string => `${formatNumber(100 * relative)} %`;

/** Layer × role of the last checkpoint, for each variant and kind. */
function mapFigure(view: StudyView, records: Errors): Figure[] {
  const last = view.checkpoints.findLast(({ checkpoint }) =>
    records.some((record) => record.checkpoint === checkpoint),
  );
  const own = records.filter(
    ({ checkpoint, relative }) => checkpoint === last?.checkpoint && relative !== null,
  );
  if (own.length === 0) return [];
  const kinds = [...groupBy(own, ({ kind }) => kind).values()];
  // both kinds side by side where there is room, else propagated errors alone
  const drawn =
    kinds.length > 1 && new Set(own.map(({ variant }) => variant)).size > 3 ? kinds.slice(0, 1) : kinds;
  const { shown, note } = fewPanels(
    [...groupBy(drawn.flat(), ({ variant, kind }) => `${variant}, ${kind}`)],
    'variants',
  );
  const domain = valueDomain(own.map(({ relative }) => 100 * relative!));
  return [
    {
      id: 'activation-error',
      title: 'Error of outputs by layer and role',
      caption: `Checkpoint ${last!.checkpoint}. ‖Y − Ŷ‖ / ‖Y‖, in percent.${note}`,
      panels: shown.map(([title, errors]) =>
        heatmapPanel(
          inBlockOrder(errors).map(({ layer, role, relative, norm }) => ({
            x: role,
            y: layer,
            value: 100 * relative!,
            tip: `layer ${layer}, ${role}: ${inPercent(relative!)}, norm ${formatNumber(norm)}`,
          })),
          { title, y: 'layer', value: 'error of outputs, %', domain },
        ),
      ),
      legend: [],
    },
  ];
}

/** Against step: means over layers by role, then the norm of every layer. */
function trainingFigures(view: StudyView, records: Errors): Figure[] {
  const propagated = records.filter(({ kind }) => kind === 'propagated');
  const find = groupBy(propagated, ({ checkpoint, variant, role }) =>
    JSON.stringify([checkpoint, variant, role]),
  );
  const layers = [...new Set(propagated.map(({ layer }) => layer))].sort((a, b) => a - b);
  const layerLegend = layers.map((layer, i) => ({
    label: `layer ${layer}`,
    ...sequenceStyle(i, layers.length),
  }));
  const x = { title: 'training step' };
  const curves = trajectories(view).flatMap(({ name, checkpoints }) =>
    [...new Set(records.map(({ variant }) => variant))].flatMap((variant) => {
      const own = ROLES.map((role) => ({
        role,
        errors: checkpoints.flatMap(({ checkpoint, step }) =>
          (find.get(JSON.stringify([checkpoint, variant, role])) ?? []).map((record) => ({
            ...record,
            step,
          })),
        ),
      })).filter(({ errors }) => new Set(errors.map(({ step }) => step)).size > 1);
      return own.length === 0
        ? []
        : [{ title: [variant, name].filter((part) => part !== null).join(', '), own }];
    }),
  );
  if (curves.length === 0) return [];
  const means = fewPanels(curves, 'variants');
  const norms = fewPanels(curves, 'variants', 3);
  return [
    {
      id: 'activation-error-training',
      title: 'Error of outputs against the training step',
      caption: `Propagated error, ‖Y − Ŷ‖ / ‖Y‖: means over layers, by role.${means.note}`,
      panels: means.shown.map(({ title, own }) =>
        seriesPanel(
          own.flatMap(({ role, errors }) => meanPoints(role, errors)),
          { title, x, y: { title: 'error of outputs, %', zero: true }, legend: ROLE_LEGEND, line: true },
        ),
      ),
      legend: ROLE_LEGEND,
    },
    {
      id: 'activation-error-norms',
      title: 'Norm of the error of every layer against the training step',
      caption: `Propagated error, ‖Y − Ŷ‖, Frobenius norm over all tokens.${norms.note}`,
      panels: norms.shown.flatMap(({ title, own }) =>
        own.map(({ role, errors }) =>
          seriesPanel(
            errors.map(({ layer, step, norm, relative }) => ({
              x: step,
              y: norm,
              series: `layer ${layer}`,
              tip: `layer ${layer} at step ${step}: ${formatNumber(norm)}${relative === null ? '' : `, ${inPercent(relative)}`}`,
            })),
            {
              title: `${title}, ${role}`,
              x,
              y: { title: 'norm of the error', zero: true },
              legend: layerLegend,
              line: true,
              points: errors.length <= MOST_POINTS,
            },
          ),
        ),
      ),
      legend: layerLegend,
    },
  ];
}

/** Points of a panel; with more, lines alone are drawn. */
const MOST_POINTS = 120;

function meanPoints(role: string, errors: Errors): SeriesPoint[] {
  return [...groupBy(errors, ({ step }) => step!)].flatMap(([step, own]) => {
    const values = own.flatMap(({ relative }) => relative ?? []);
    if (values.length === 0) return [];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const range = `layers from ${inPercent(Math.min(...values))} to ${inPercent(Math.max(...values))}`;
    return [
      { x: step, y: 100 * mean, series: role, tip: `${role} at step ${step}: ${inPercent(mean)}; ${range}` },
    ];
  });
}

/** By layer, then role as in a block. */
export function inBlockOrder<T extends { readonly layer: number | null; readonly role: string | null }>(
  records: readonly T[],
): T[] {
  const roleOf = ({ role }: T): number => (ROLES as readonly (string | null)[]).indexOf(role);
  return [...records].sort((a, b) => (a.layer ?? 0) - (b.layer ?? 0) || roleOf(a) - roleOf(b));
}

/** A row for each layer and role of a checkpoint, columns for variants. */
function table(records: Errors): Table {
  const columns = [...groupBy(records, ({ variant, kind }) => JSON.stringify([variant, kind])).values()].map(
    ([first]) => first!,
  );
  const find = indexBy(records, (record) => [
    record.checkpoint,
    record.layer,
    record.role,
    record.variant,
    record.kind,
  ]);
  const places = [
    ...groupBy(records, ({ checkpoint, layer, role }) => JSON.stringify([checkpoint, layer, role])).values(),
  ];
  return {
    id: 'activation-error',
    title: 'Error of outputs',
    columns: [
      ...['checkpoint', 'step', 'layer', 'role'].map((label) => ({ label })),
      ...columns.map(({ variant, kind }) => ({ label: `${variant}, ${kind} (%)` })),
    ],
    rows: places.map(([place]): Cell[] => {
      const { checkpoint, step, layer, role } = place!;
      return [
        cell(checkpoint),
        cell(step, place!),
        cell(layer, place!),
        cell(role),
        ...columns.map(({ variant, kind }) => {
          const record = find(checkpoint, layer, role, variant, kind);
          return cell(record?.relative == null ? null : percent(record.relative), record ?? []);
        }),
      ];
    }),
    notes: ['‖Y − Ŷ‖ / ‖Y‖, Frobenius norms over all tokens.'],
  };
}
