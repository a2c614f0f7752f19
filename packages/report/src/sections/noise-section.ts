/** @file Quantization against random noise of equal norm in every matrix. */
import { fewPanels } from '../figures/few-panels.ts';
import { seriesPanel } from '../figures/series-panel.ts';
import type { Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatSigned, percent } from '../view/format-number.ts';
import { groupBy } from '../view/index-by.ts';
import type { StudyView } from '../view/study-view.ts';

/** When noise controls were run. */
export function noiseSection(view: StudyView): Section | null {
  const records = view.records('noise');
  if (records.length === 0) return null;
  const legend = view.variantLegend(records.map(({ recipe }) => recipe));
  const { shown, note } = fewPanels([...groupBy(records, ({ checkpoint }) => checkpoint)], 'checkpoints');
  return {
    id: 'noise',
    title: 'Quantization against noise',
    text: "Loss added by a recipe's own error of the weights, beside Gaussian and uniform noise of the same norm in every matrix: is it the size of the error that hurts, or its shape?",
    figures: [
      {
        id: 'noise',
        title: 'Added loss by perturbation',
        caption: `One point for each seed. Activations stay in floating point.${note}`,
        panels: shown.map(([title, own]) =>
          seriesPanel(
            own.map(({ recipe, perturbation, seed, deltaNll }) => ({
              x: perturbation,
              y: deltaNll,
              series: recipe,
              tip: `${recipe}, ${perturbation}${seed === null ? '' : `, seed ${seed}`}: ${formatSigned(deltaNll)} nats`,
            })),
            {
              title,
              x: { title: 'perturbation', scale: 'category' },
              y: { title: 'added loss, nats/token' },
              legend,
              zeroLine: true,
            },
          ),
        ),
        legend,
      },
    ],
    tables: [
      {
        id: 'noise',
        title: 'Noise controls',
        columns: [
          ...[
            'checkpoint',
            'recipe',
            'perturbation',
            'seed',
            'loss (nats)',
            'added loss (nats)',
            'KL (nats)',
          ].map((label) => ({ label })),
          { label: 'same top token (%)', decimals: 2 },
        ],
        rows: records.map((record) => [
          cell(record.checkpoint),
          cell(record.recipe),
          cell(record.perturbation),
          cell(record.seed, record),
          cell(record.nll, record),
          cell(record.deltaNll, record),
          cell(record.kl, record),
          cell(percent(record.sameTop), record),
        ]),
        notes: [],
      },
    ],
  };
}
