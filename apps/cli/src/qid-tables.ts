import type { QidFit, QidRecord } from '@bitcliff/analysis';
import { BASELINE } from '@bitcliff/runtime';
import { formatNumber, formatPercent } from './analysis-tables.ts';
import { printable } from './printable.ts';
import { textTable } from './text-table.ts';

const known = (value: number | null): string => (value === null ? '–' : formatNumber(value));

/** A row for each checkpoint, and what every recipe costs there. */
export function renderCurves(records: readonly QidRecord[]): string {
  const size = records.findIndex(({ variant }, i) => i > 0 && variant === BASELINE);
  const each = size === -1 ? records.length : size;
  const rows = records.flatMap((base, i) => {
    if (i % each !== 0) return [];
    const [, ...variants] = records.slice(i, i + each);
    return [
      [
        printable(base.checkpoint),
        base.step === null ? '–' : String(base.step),
        known(base.tokens),
        known(base.learningRate),
        formatNumber(base.nll),
        ...tasks(base),
        ...variants.flatMap((record) => [
          formatNumber(record.deltaNll),
          formatPercent(record.relativeNll),
          formatNumber(record.kl),
          ...tasks(record),
        ]),
      ],
    ];
  });
  const score = records[0]!.score === null ? [] : ['tasks, %'];
  const head = [
    'checkpoint',
    'step',
    'tokens',
    'learning rate',
    'NLL',
    ...score,
    ...records.slice(1, each).flatMap(({ variant }) => [`${variant} ΔNLL`, 'relative', 'KL', ...score]),
  ];
  return `${textTable(head, rows)}Nats per token; relative is NLL / NLL of the baseline − 1.\n`;
}

function tasks({ score }: QidRecord): string[] {
  return score === null ? [] : [score.toFixed(2)];
}

/** The constants of both laws, and what they leave at every point. */
export function renderFits({ points, fits }: QidFit): string {
  const rows = fits.map((fit) => [
    fit.law,
    formatNumber(fit.factor),
    known(fit.tokens),
    known(fit.parameters),
    known(fit.bits),
    known(fit.r2),
    `${points.length - fit.leftOut} of ${points.length}`,
    fit.residualLearningRate === null ? '–' : fit.residualLearningRate.toFixed(2),
  ]);
  const head = ['law', 'factor', 'tokens', 'parameters', 'bits', 'R²', 'points', 'residual, learning rate'];
  const notes = [
    'ouyang: arXiv 2411.17691; kumar: arXiv 2411.04330, with γpost for its bits; – where the points do not vary. The last column is the rank correlation of the',
    'residuals with the learning rate. Points without a loss (ΔNLL ≤ 0) have no logarithm and are left out.',
  ];
  const residuals = points.map((point, p) => [
    point.variant,
    point.step === null ? '–' : String(point.step),
    known(point.learningRate ?? null),
    formatNumber(point.deltaLoss),
    ...fits.map(({ residuals: own }) => known(own.find((r) => r.point === p)?.residual ?? null)),
  ]);
  const columns = ['point', 'step', 'learning rate', 'ΔNLL', ...fits.map(({ law }) => `ln residual, ${law}`)];
  return `${textTable(head, rows)}${notes.join('\n')}\n\n${textTable(columns, residuals)}`;
}
