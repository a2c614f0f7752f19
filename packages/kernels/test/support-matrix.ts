import type { CaseResult } from './kernel-cases.ts';

/** A case that passed on a backend. */
export interface SupportedCase extends CaseResult {
  readonly backend: string;
  readonly kernel: string;
}

const COLUMNS = ['webasm', 'cpu', 'webgl2', 'webgpu'] as const;

/** The Markdown table of the README: for each kernel and backend the loosest bound of its cases, all of which held. */
export function supportMatrix(results: readonly SupportedCase[]): string {
  const rows = [...new Set(results.map(({ kernel }) => kernel))].map((kernel) => [
    `\`${kernel}\``,
    ...COLUMNS.map((backend) => cell(results.filter((r) => r.kernel === kernel && r.backend === backend))),
  ]);
  const table = [['kernel', ...COLUMNS], ...rows];
  const widths = table[0]!.map((_, c) => Math.max(...table.map((row) => row[c]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((text, c) => text.padEnd(widths[c]!)).join(' | ')} |`;
  const [head, ...body] = table.map(line);
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n');
}

function cell(cases: readonly SupportedCase[]): string {
  const loosest = cases.reduce<SupportedCase | undefined>(
    (worst, one) => (worst === undefined || one.bound > worst.bound ? one : worst),
    undefined,
  );
  if (loosest === undefined) return 'not run';
  if (loosest.bound === 0) return 'bit-equal';
  const bound = loosest.bound.toExponential();
  return loosest.measure === 'share of codes that differ by one' ? `codes ±1, ≤ ${bound}` : `≤ ${bound}`;
}
