/** @file Bits against loss and accuracy: which recipe gives most for its bits. */
import { fewPanels } from '../figures/few-panels.ts';
import { seriesPanel } from '../figures/series-panel.ts';
import type { Panel, Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber, formatSigned, percent } from '../view/format-number.ts';
import { groupBy, indexBy } from '../view/index-by.ts';
import { interval } from '../view/mean-score.ts';
import type { StudyView } from '../view/study-view.ts';

/** When variants with known bits have losses or comparisons. */
export function bitsSection(view: StudyView): Section | null {
  const losses = groupBy(view.records('loss'), ({ checkpoint, variant }) =>
    JSON.stringify([checkpoint, variant]),
  );
  const comparison = indexBy(view.records('comparison'), (record) => [record.checkpoint, record.variant]);
  const rows = view.records('variant').flatMap((record) => {
    const { checkpoint, variant, averageBits } = record;
    const own = losses.get(JSON.stringify([checkpoint, variant])) ?? [];
    const compared = comparison(checkpoint, variant);
    return averageBits === null || (own.length === 0 && compared === undefined)
      ? []
      : [{ record, averageBits, own, compared }];
  });
  if (rows.length === 0) return null;
  const texts = [...new Set(rows.flatMap(({ own }) => own.map(({ text }) => text)))];
  const legend = view.variantLegend(rows.map(({ record }) => record.variant));
  const { shown, note } = fewPanels([...groupBy(rows, ({ record }) => record.checkpoint)], 'checkpoints', 3);
  const x = { title: 'bits a weight' };
  const panels = shown.flatMap(([checkpoint, group]): Panel[] => {
    const lossPanels = texts.flatMap((text) => {
      const points = group.flatMap(({ record, averageBits, own }) =>
        own.flatMap((loss) =>
          loss.text !== text
            ? []
            : [
                {
                  x: averageBits,
                  y: loss.deltaNll,
                  series: record.variant,
                  tip: `${record.variant}: ${formatSigned(loss.deltaNll)} nats at ${formatNumber(averageBits)} bits`,
                },
              ],
        ),
      );
      const options = { x, y: { title: 'added loss, nats/token' }, legend, zeroLine: true };
      return points.length === 0
        ? []
        : [seriesPanel(points, { title: `${checkpoint}: loss on ${text}`, ...options })];
    });
    const scores = group.flatMap(({ record, averageBits, compared }) => {
      if (compared?.average == null) return [];
      const { difference, stderr } = compared.average;
      const { low, high } = interval(difference, stderr);
      const ends = low === undefined || high === undefined ? {} : { low: 100 * low, high: 100 * high };
      const tip = `${record.variant}: ${formatSigned(100 * difference, 2)} points at ${formatNumber(averageBits)} bits`;
      return [{ x: averageBits, y: 100 * difference, ...ends, series: record.variant, tip }];
    });
    const options = { x, y: { title: 'difference, points' }, legend, zeroLine: true };
    return [
      ...lossPanels,
      ...(scores.length === 0
        ? []
        : [seriesPanel(scores, { title: `${checkpoint}: mean accuracy`, ...options })]),
    ];
  });
  return {
    id: 'bits',
    title: 'Bits against loss',
    text: 'Bits a weight as stored, scales included, against what the variant loses.',
    figures: [
      {
        id: 'bits',
        title: 'Loss and accuracy against bits',
        caption: `Both relative to the baseline. Bars: 95 % intervals, items paired.${note}`,
        panels,
        legend,
      },
    ],
    tables: [
      {
        id: 'bits',
        title: 'Bits and loss',
        columns: [
          ...['checkpoint', 'variant', 'bits a weight'].map((label) => ({ label })),
          ...texts.flatMap((text) =>
            [
              `loss on ${text} (nats)`,
              `added loss on ${text} (nats)`,
              `relative on ${text} (%)`,
              `KL on ${text} (nats)`,
            ].map((label) => ({ label })),
          ),
          { label: 'average difference (points)', decimals: 2 },
        ],
        rows: rows.map(({ record, averageBits, own, compared }) => [
          cell(record.checkpoint),
          cell(record.variant),
          cell(averageBits, record),
          ...texts.flatMap((text) => {
            const loss = own.find((candidate) => candidate.text === text);
            const from = loss ?? [];
            return [
              cell(loss?.nll, from),
              cell(loss?.deltaNll, from),
              cell(loss && percent(loss.relativeNll), from),
              cell(loss?.kl, from),
            ];
          }),
          cell(compared?.average && percent(compared.average.difference), compared ?? [], {
            stderr: compared?.average?.stderr == null ? null : percent(compared.average.stderr),
          }),
        ]),
        notes: ['Added loss: above the baseline, per token. Relative: loss / loss of the baseline − 1.'],
      },
    ],
  };
}
