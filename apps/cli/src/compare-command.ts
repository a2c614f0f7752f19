import { compareResults } from '@bitcliff/evals';
import { type LoadedResults, readResults } from '@bitcliff/evals/node';
import type { Command } from 'commander';
import { renderComparison } from './compare-report.ts';
import { parseCount, parseSeed } from './option-values.ts';
import { printable } from './printable.ts';
import type { Terminal } from './terminal.ts';

interface CompareCommandOptions {
  readonly iterations: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** `bitcliff compare`: two stored results on the same items. */
export function addCompareCommand(program: Command, context: { terminal: Terminal }): void {
  program
    .command('compare')
    .description('Compare two stored results on the same items, without the models: is the difference real?')
    .argument('<before>', 'folder that `bitcliff eval --out` wrote for a variant')
    .argument('<after>', 'the same for another variant or model')
    .option('--iterations <n>', 'replicates of the paired bootstrap, for perplexities', parseCount, 10_000)
    .option('--seed <n>', 'seed of the bootstrap', parseSeed, 0)
    .option('--json', 'print the comparison as JSON')
    .addHelpText('after', '\nExample:\n  $ bitcliff compare runs/my-llama/baseline runs/my-llama/w4')
    .action(async (beforePath: string, afterPath: string, options: CompareCommandOptions) => {
      const [before, after] = [await readResults(beforePath), await readResults(afterPath)];
      const comparison = compareResults(before.tasks, after.tasks, options);
      const differences = differingSettings(before, after);
      if (options.json) {
        const record = { before: describe(before), after: describe(after), differences, ...comparison };
        context.terminal.stdout.write(`${JSON.stringify(record, null, 2)}\n`);
        return;
      }
      const lines = [
        `before: ${title(before)}`,
        `after:  ${title(after)}`,
        ...differences.map((difference) => `settings differ: ${printable(difference)}`),
      ];
      context.terminal.stdout.write(`${lines.join('\n')}\n\n${renderComparison(comparison)}`);
    });
}

function title({ record }: LoadedResults): string {
  return printable(`${record.variant} of ${record.model.id} (${record.model.sha256.slice(0, 12)})`);
}

function describe({ record }: LoadedResults): object {
  const { variant, recipe, model, settings, profile, harness } = record;
  return { variant, recipe, model, settings, profile, harness };
}

/** Settings that move scores by themselves, where the two differ. */
function differingSettings(before: LoadedResults, after: LoadedResults): string[] {
  const settings = ({ record }: LoadedResults): Record<string, unknown> => ({
    harness: record.harness,
    profile: record.profile,
    tokenizer: record.model.tokenizerSha256,
    ...record.settings,
  });
  const [x, y] = [settings(before), settings(after)];
  return Object.keys(x)
    .filter((name) => x[name] !== y[name])
    .map((name) => `${name} ${String(x[name])} and ${String(y[name])}`);
}
