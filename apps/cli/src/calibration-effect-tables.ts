import type { CalibrationEffect, CalibrationOverlap, Spread } from '@bitcliff/analysis';
import { formatNumber, formatPercent } from './analysis-tables.ts';
import { printable } from './printable.ts';
import { textTable } from './text-table.ts';

/** Every draw, the spread over sets and seeds, and how alike the results are. */
export function renderCalibrationEffect(effect: CalibrationEffect): string {
  return [renderDraws(effect), renderSpread(effect), renderOverlap(effect)].join('\n');
}

function renderDraws({ baseline, records }: CalibrationEffect): string {
  const tasks = (score: number | null): string[] => (score === null ? [] : [score.toFixed(2)]);
  const rows = records.map(({ set, seed, nll, perplexity, kl, score }) => [
    printable(set),
    String(seed),
    formatNumber(perplexity),
    formatNumber(nll - baseline.nll),
    formatNumber(kl),
    ...tasks(score),
  ]);
  const first = ['baseline', '–', formatNumber(Math.exp(baseline.nll)), '0', '0', ...tasks(baseline.score)];
  const head = ['calibration set', 'seed', 'perplexity', 'ΔNLL', 'KL', ...scoreColumn(baseline.score)];
  return textTable(head, [first, ...rows]);
}

function renderSpread({ baseline, spread, withinSets, records }: CalibrationEffect): string {
  const cells = ({ mean, std, min, max }: Spread): string[] => [
    `${formatNumber(mean)} ± ${formatNumber(std)}`,
    `${formatNumber(min)} to ${formatNumber(max)}`,
  ];
  const row = (name: string, own: Pick<CalibrationEffect['spread'], 'perplexity' | 'score'>): string[] => [
    name,
    ...cells(own.perplexity),
    ...(own.score === null ? [] : cells(own.score)),
  ];
  const rows = withinSets.map((own) => row(printable(own.set), own));
  const all = row(`all ${records.length}`, spread);
  const scores = scoreColumn(baseline.score).flatMap((name) => [name, 'range']);
  return textTable(['over the seeds of', 'perplexity', 'range', ...scores], [...rows, all], 1);
}

function renderOverlap({ records, withinSets, overlap }: CalibrationEffect): string {
  if (overlap.every(({ codes, scales }) => codes === null && scales === null)) return '';
  const names = withinSets.map(({ set }) => set);
  const of = (a: string, b: string): CalibrationOverlap[] =>
    overlap.filter(({ pair: [i, j] }) => {
      const [x, y] = [records[i]!.set, records[j]!.set];
      return (x === a && y === b) || (x === b && y === a);
    });
  const rows = names.map((name) => [printable(name), ...names.map((other) => likeness(of(name, other)))]);
  const meaning =
    'Share of weights with the same code; correlation of the logarithms of the input scales. Means over pairs of different draws.';
  return `${textTable(['alike', ...names.map(printable)], rows)}${meaning}\n`;
}

function likeness(pairs: readonly CalibrationOverlap[]): string {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const codes = pairs.flatMap((pair) => pair.codes ?? []);
  const scales = pairs.flatMap((pair) => pair.scales ?? []);
  const parts = [
    ...(codes.length === 0 ? [] : [formatPercent(mean(codes))]),
    ...(scales.length === 0 ? [] : [mean(scales).toFixed(3)]),
  ];
  return parts.length === 0 ? '–' : parts.join('; ');
}

function scoreColumn(score: number | null): string[] {
  return score === null ? [] : ['tasks, %'];
}
