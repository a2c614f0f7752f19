/** @file What quantizing one part alone costs: a map of layer × role for each recipe. */
import { fewPanels } from '../figures/few-panels.ts';
import { heatmapPanel, valueDomain } from '../figures/heatmap-panel.ts';
import type { Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber, formatSigned, percent } from '../view/format-number.ts';
import { groupBy } from '../view/index-by.ts';
import { placeName } from '../view/roles.ts';
import type { StudyView } from '../view/study-view.ts';
import { inBlockOrder } from './activation-error-section.ts';

/** Maps that are drawn at most, recipes of one checkpoint aside. */
const MOST_MAPS = 9;

/** When sensitivity was measured, by matrix, layer or role. */
export function sensitivitySection(view: StudyView): Section | null {
  const records = view.records('sensitivity');
  if (records.length === 0) return null;
  const recipes = new Set(records.map(({ recipe }) => recipe)).size;
  const all = [...groupBy(records, ({ checkpoint }) => checkpoint).values()];
  const { shown, note } = fewPanels(all, 'checkpoints', Math.max(1, Math.floor(MOST_MAPS / recipes)));
  const maps = shown.flatMap((own) => [
    ...groupBy(own, ({ recipe, layer, role }) =>
      JSON.stringify([recipe, layer === null, role === null]),
    ).values(),
  ]);
  const domain = valueDomain(records.map(({ deltaNll }) => deltaNll));
  return {
    id: 'sensitivity',
    title: 'Which parts are sensitive',
    text: 'Loss added when one part alone is quantized, all others in floating point.',
    figures: [
      {
        id: 'sensitivity',
        title: 'Added loss by part',
        caption: `One scale of colour for all panels, by square roots.${note}`,
        panels: maps.map((own) => {
          const { checkpoint, recipe, bits } = own[0]!;
          const name = `${recipe}${bits === null ? '' : ` (${bits} bits)`}`;
          return heatmapPanel(
            inBlockOrder(own).map((record) => ({
              x: record.role ?? 'all roles',
              y: record.layer ?? 'all',
              value: record.deltaNll,
              tip: `${placeName(record)} by ${recipe}: ${formatSigned(record.deltaNll)} nats, KL ${formatNumber(record.kl)}, same top token ${formatNumber(100 * record.sameTop, 2)} %`,
            })),
            {
              title: all.length === 1 ? name : `${checkpoint}, ${name}`,
              y: 'layer',
              value: 'added loss, nats/token',
              domain,
              scale: 'sqrt',
            },
          );
        }),
        legend: [],
      },
    ],
    tables: [
      {
        id: 'sensitivity',
        title: 'Sensitivity',
        columns: [
          ...[
            'checkpoint',
            'recipe',
            'bits',
            'stored bits',
            'layer',
            'role',
            'added loss (nats)',
            'KL (nats)',
          ].map((label) => ({ label })),
          { label: 'same top token (%)', decimals: 2 },
          ...['proxy: weights', 'proxy: Gram'].map((label) => ({ label })),
        ],
        rows: records.map((record) => [
          cell(record.checkpoint),
          cell(record.recipe),
          cell(record.bits, record),
          cell(record.storedBits, record),
          cell(record.layer ?? 'all', record),
          cell(record.role ?? 'all'),
          cell(record.deltaNll, record),
          cell(record.kl, record),
          cell(percent(record.sameTop), record),
          cell(record.proxies.weight, record),
          cell(record.proxies.gram, record),
        ]),
        notes: [
          'Stored bits: of the whole part, scales and zero points included. Proxies: ‖D‖² · E[x²] and tr(Dᵀ G D), per token.',
        ],
      },
    ],
  };
}
