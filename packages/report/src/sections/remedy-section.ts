/** @file The remedy of the QiD study: one role, above all attn.qkv, kept at more bits. */
import { fewPanels } from '../figures/few-panels.ts';
import { seriesPanel } from '../figures/series-panel.ts';
import type { Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber, formatSigned, percent } from '../view/format-number.ts';
import { groupBy, indexBy } from '../view/index-by.ts';
import { keptRoles } from '../view/kept-role.ts';
import type { StudyView } from '../view/study-view.ts';

/** When the study has a recipe with and without a role kept at more bits. */
export function remedySection(view: StudyView): Section | null {
  const pairs = keptRoles(view);
  const lossesOf = groupBy(view.records('loss'), ({ checkpoint, variant }) =>
    JSON.stringify([checkpoint, variant]),
  );
  const comparison = indexBy(view.records('comparison'), (record) => [record.checkpoint, record.variant]);
  const bits = indexBy(view.records('variant'), (record) => [record.checkpoint, record.variant]);
  const members = [
    ...new Map(
      pairs.flatMap(({ base, kept, role, bits: keptBits, layers }) => [
        [base.variant, 'nothing kept'] as const,
        [
          kept.variant,
          `${role} at ${keptBits} bits${layers === null ? '' : ` in layers ${layers.join(', ')}`}`,
        ] as const,
      ]),
    ),
  ];
  const rows = view.checkpoints.flatMap(({ checkpoint }) =>
    members.flatMap(([variant, kept]) => {
      const losses = lossesOf.get(JSON.stringify([checkpoint, variant])) ?? [];
      const own = comparison(checkpoint, variant);
      return losses.length === 0 && own === undefined
        ? []
        : [{ checkpoint, variant, kept, losses, own, record: bits(checkpoint, variant) }];
    }),
  );
  if (rows.length === 0) return null;
  const texts = [...new Set(rows.flatMap(({ losses }) => losses.map(({ text }) => text)))];
  const legend = view.variantLegend(rows.map(({ variant }) => variant));
  const { shown, note } = fewPanels([...groupBy(rows, ({ checkpoint }) => checkpoint)], 'checkpoints', 4);
  const panels = shown.flatMap(([checkpoint, own]) =>
    texts.flatMap((text) => {
      const points = own.flatMap(({ variant, kept, losses, record }) =>
        losses.flatMap((loss) =>
          loss.text !== text || record?.averageBits == null
            ? []
            : [
                {
                  x: record.averageBits,
                  y: loss.deltaNll,
                  series: variant,
                  tip: `${variant} (${kept}): ${formatSigned(loss.deltaNll)} nats at ${formatNumber(record.averageBits)} bits`,
                },
              ],
        ),
      );
      const title = `${checkpoint}, ${text}`;
      return points.length === 0
        ? []
        : [
            seriesPanel(points, {
              title,
              x: { title: 'bits a weight' },
              y: { title: 'added loss, nats/token' },
              legend,
              zeroLine: true,
            }),
          ];
    }),
  );
  return {
    id: 'remedy',
    title: 'Keeping one role at more bits',
    text: 'The same recipe with one module role at more bits: what that costs, and what it brings.',
    figures:
      panels.length === 0
        ? []
        : [
            {
              id: 'remedy',
              title: 'Added loss against bits',
              caption: `Lower and further left is better.${note}`,
              panels,
              legend,
            },
          ],
    tables: [
      {
        id: 'remedy',
        title: 'Kept roles',
        columns: [
          ...[
            'checkpoint',
            'variant',
            'kept',
            'bits a weight',
            ...texts.map((text) => `added loss on ${text} (nats)`),
          ].map((label) => ({ label })),
          { label: 'average difference (points)', decimals: 2 },
        ],
        rows: rows.map(({ checkpoint, variant, kept, losses, own, record }) => [
          cell(checkpoint),
          cell(variant),
          cell(kept),
          cell(record?.averageBits, record ?? []),
          ...texts.map((text) => {
            const loss = losses.find((candidate) => candidate.text === text);
            return cell(loss?.deltaNll, loss ?? []);
          }),
          cell(own?.average && percent(own.average.difference), own ?? [], {
            stderr: own?.average?.stderr == null ? null : percent(own.average.stderr),
          }),
        ]),
        notes: [],
      },
    ],
  };
}
