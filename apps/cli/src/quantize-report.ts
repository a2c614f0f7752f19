/** @file What `bitcliff quantize` prints. */
import type { ErrorMeasures } from '@bitcliff/kernels';
import type { LayerReport, MachineRates, QuantizeModelWork } from '@bitcliff/runtime';
import { formatSeconds } from './progress-line.ts';
import { textTable } from './text-table.ts';

/** A row for each quantized layer, then their means; bits are weighed by weights. */
export function renderReports(reports: readonly LayerReport[]): string {
  const head = ['layer', 'bits', 'weight MSE', 'output MSE', 'output SQNR', 'cosine', 'seconds', 'method'];
  const rows = reports.map((report) => [
    `${report.layer} ${report.place}`,
    report.bits.toFixed(3),
    ...measures(report.weight, report.output),
    report.seconds.toFixed(2),
    details(report),
  ]);
  const mean = (of: (report: LayerReport) => number): number =>
    reports.reduce((sum, report) => sum + of(report), 0) / reports.length;
  const size = ({ shape: [K, N] }: LayerReport): number => K * N;
  const weights = reports.reduce((sum, report) => sum + size(report), 0);
  const measured = reports.every(({ output }) => output !== null);
  rows.push([
    'mean',
    (reports.reduce((sum, report) => sum + report.bits * size(report), 0) / weights).toFixed(3),
    mean(({ weight }) => weight.mse).toExponential(3),
    measured ? mean(({ output }) => output!.mse).toExponential(3) : '–',
    measured && reports.every(({ output }) => output!.sqnr !== null)
      ? `${mean(({ output }) => output!.sqnr!).toFixed(2)} dB`
      : '–',
    '',
    `Σ ${(mean(({ seconds }) => seconds) * reports.length).toFixed(2)}`,
    '',
  ]);
  return textTable(head, rows, 1);
}

function measures(weight: ErrorMeasures, output: ErrorMeasures | null): string[] {
  return [
    weight.mse.toExponential(3),
    output?.mse.toExponential(3) ?? '–',
    output === null || output.sqnr === null ? '–' : `${output.sqnr.toFixed(2)} dB`,
    output?.cosine?.toFixed(6) ?? '–',
  ];
}

/** The method's own numbers: `awq ratio 0.35`, `gptq loss 1.2e-2`. */
function details({ method, details: own }: LayerReport): string {
  if (typeof own.awqRatio === 'number')
    return `awq ratio ${own.awqRatio.toFixed(2)}${own.awqDuo ? ' duo' : ''}`;
  if (typeof own.gptqLoss === 'number') return `gptq loss ${own.gptqLoss.toExponential(2)}`;
  return method;
}

/** What `--dry-run` says. */
export function renderEstimate(work: QuantizeModelWork, rates: MachineRates, seconds: number): string {
  const giga = (value: number): string => (value / 1e9).toPrecision(3);
  const rows = [
    [
      'model on calibration tokens',
      `${giga(work.modelOperations)} G operations`,
      `${giga(rates.modelOperations)} G/s`,
    ],
    [
      'methods and reports',
      `${giga(work.methodOperations)} G operations`,
      `${giga(rates.methodOperations)} G/s`,
    ],
    ['rounding', `${giga(work.roundedWeights)} G weights`, `${giga(rates.roundedWeights)} G/s`],
  ];
  const table = textTable(['work', 'amount', 'this machine'], rows);
  return `${table}\nabout ${formatSeconds(seconds)}, reading and writing not counted\npeak memory about ${Math.ceil(work.peakBytes / 2 ** 20)} MiB\n`;
}
