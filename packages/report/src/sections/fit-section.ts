/** @file Scaling laws of degradation, with what they leave unexplained against the learning rate (arXiv 2411.17691, 2411.04330, 2510.06213). */
import { seriesPanel } from '../figures/series-panel.ts';
import type { Figure, Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber, formatSigned } from '../view/format-number.ts';
import type { RecordOf, StudyView } from '../view/study-view.ts';

/** The laws by the names of records. */
const FORMULAS: Readonly<Record<RecordOf<'fit'>['law'], string>> = {
  ouyang: 'ΔL = k · D^β / (N^α · P^γ)',
  kumar: 'ΔL = C · D^γ_D / N^γ_N · e^(−P / γ_post)',
};

/** When laws were fitted. */
export function fitSection(view: StudyView): Section | null {
  const records = view.records('fit');
  if (records.length === 0) return null;
  return {
    id: 'fits',
    title: 'Scaling laws',
    text: 'Two laws of the added loss ΔL in parameters N, training tokens D and bits P, fitted to this study. Exponents are missing where the points do not vary.',
    figures: figures(view, records),
    tables: [
      {
        id: 'fits',
        title: 'Fitted laws',
        columns: [
          ...[
            'law',
            'formula',
            'text',
            'points',
            'left out',
            'k or C',
            'exponent of D',
            'exponent of N',
            'exponent of P',
          ].map((label) => ({ label })),
          { label: 'R²', decimals: 3 },
          { label: 'rank correlation of residual and learning rate', decimals: 3 },
        ],
        rows: records.map((record) => [
          cell(record.law),
          cell(FORMULAS[record.law]),
          cell(record.text),
          cell(record.residuals.length, record),
          cell(record.leftOut, record),
          cell(record.factor, record),
          cell(record.tokens, record),
          cell(record.parameters, record),
          cell(record.bits, record),
          cell(record.r2, record),
          cell(record.residualLearningRate, record),
        ]),
        notes: [
          'Least squares in ln ΔL. Left out: points without an added loss, which have no logarithm. For the law of Kumar, the exponent of P is γ_post.',
        ],
      },
    ],
  };
}

function figures(view: StudyView, records: readonly RecordOf<'fit'>[]): Figure[] {
  const all = records.map((record) => ({
    record,
    points: record.residuals.flatMap(({ point, residual }) => {
      const place = record.points[point];
      return place === undefined ? [] : [{ ...place, residual }];
    }),
  }));
  const legend = view.variantLegend(all.flatMap(({ points }) => points.map(({ variant }) => variant)));
  const panels = all.flatMap(({ record, points }) => {
    const rated = points.filter(({ learningRate }) => learningRate !== null);
    const byRate = rated.length > 0;
    const own = (byRate ? rated : points).map(
      ({ checkpoint, variant, learningRate, tokens, residual, deltaLoss }) => ({
        x: byRate ? learningRate! : tokens,
        y: residual,
        series: variant,
        tip: `${variant} of ${checkpoint}: ln(observed / fitted) ${formatSigned(residual)}, added loss ${formatNumber(deltaLoss)} nats`,
      }),
    );
    if (own.length === 0) return [];
    const x = { title: byRate ? 'learning rate' : 'training tokens' };
    return [
      seriesPanel(own, {
        title: `${record.law}, ${record.text}`,
        x,
        y: { title: 'ln(observed / fitted)' },
        legend,
        zeroLine: true,
      }),
    ];
  });
  if (panels.length === 0) return [];
  return [
    {
      id: 'fits',
      title: 'What the laws leave unexplained',
      caption: 'Residuals of the fits; against training tokens where no learning rate is known.',
      panels,
      legend,
    },
  ];
}
