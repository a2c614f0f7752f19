/** @file What each block is worth: the loss without it. */
import { seriesPanel } from '../figures/series-panel.ts';
import type { Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatSigned } from '../view/format-number.ts';
import type { StudyView } from '../view/study-view.ts';

/** When blocks were removed one at a time. */
export function blockSection(view: StudyView): Section | null {
  const records = view.records('blockImportance');
  if (records.length === 0) return null;
  const legend = view.checkpointLegend(records.map(({ checkpoint }) => checkpoint));
  const points = records.map(({ checkpoint, layer, deltaNll }) => ({
    x: layer,
    y: deltaNll,
    series: checkpoint,
    tip: `${checkpoint} without block ${layer}: ${formatSigned(deltaNll)} nats`,
  }));
  return {
    id: 'blocks',
    title: 'What each block is worth',
    text: 'Loss added when one block is left out of the unquantized model. A block that is worth little may be quantized hard, or removed.',
    figures: [
      {
        id: 'blocks',
        title: 'Added loss without a block',
        caption: 'Layers count from 0.',
        panels: [
          seriesPanel(points, {
            title: null,
            x: { title: 'layer', whole: true },
            y: { title: 'added loss, nats/token', zero: true },
            legend,
            line: true,
          }),
        ],
        legend,
      },
    ],
    tables: [
      {
        id: 'blocks',
        title: 'Block importance',
        columns: ['checkpoint', 'layer', 'loss (nats)', 'added loss (nats)'].map((label) => ({ label })),
        rows: records.map((record) => [
          cell(record.checkpoint),
          cell(record.layer, record),
          cell(record.nll, record),
          cell(record.deltaNll, record),
        ]),
        notes: [],
      },
    ],
  };
}
