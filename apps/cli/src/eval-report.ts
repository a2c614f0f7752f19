import { compareResults, mean, type ResultComparison, type TaskResult } from '@bitcliff/evals';
import { formatScore, formatSigned, isShare } from './format-score.ts';
import { textTable } from './text-table.ts';

/** The results of one variant, tasks in the order asked for. */
export interface VariantResult {
  /** `baseline` or a recipe's name. */
  readonly variant: string;
  readonly tasks: readonly TaskResult[];
}

/** Averages over tasks, as the INT8 paper reports them (paper-spec.md §1). Tasks whose headline is a perplexity are left out. */
export interface Summary {
  readonly variant: string;
  /** Mean of the headline metrics, in percent; `null` where every headline is a perplexity. */
  readonly average: number | null;
  /** Mean over tasks of 100·(after/before − 1); `null` for the baseline, and where a baseline score is 0. */
  readonly averagePercentDifference: number | null;
  /** Difference of the two averages, in points; `null` for the baseline. */
  readonly differenceOfAverages: number | null;
  /** Task by task against the baseline; `null` for the baseline. */
  readonly comparison: ResultComparison | null;
}

/** @param results the baseline first */
export function summarize(results: readonly VariantResult[]): Summary[] {
  return results.map(({ variant, tasks }, v) => {
    const shares = tasks.filter((task) => isShare(task.headline)).map((task) => 100 * headline(task).value);
    const comparison = v === 0 ? null : compareResults(results[0]!.tasks, tasks);
    const average = comparison?.average ?? null;
    return {
      variant,
      average: shares.length === 0 ? null : mean(shares),
      averagePercentDifference: average?.percentDifference ?? null,
      differenceOfAverages: average === null ? null : 100 * average.difference,
      comparison,
    };
  });
}

/**
 * The table of the INT8 paper: a row per task, a column per variant, scores in percent (perplexities as they are) ± standard error, other metrics
 * below the headline. A star marks a difference from the baseline that is significant; notes say which tasks cannot tell.
 */
export function renderEvalTable(results: readonly VariantResult[]): string {
  const summaries = summarize(results);
  const stars = summaries.map(({ comparison }) => comparison?.tasks.map((task) => task.isSignificant));
  const hasStars = stars.some((marks) => marks?.includes(true));
  const mark = (v: number, t: number): string => (stars[v]?.[t] ? '*' : hasStars ? ' ' : '');
  const rows = results[0]!.tasks.flatMap((task, t) => [
    [
      `${task.task} (${task.headline}, n = ${task.n})`,
      ...results.map(({ tasks }, v) => formatScore(task.headline, headline(tasks[t]!)) + mark(v, t)),
    ],
    ...Object.keys(task.metrics)
      .filter((name) => name !== task.headline)
      .map((name) => [
        `  ${name}`,
        ...results.map(({ tasks }) => formatScore(name, tasks[t]!.metrics[name]!) + (hasStars ? ' ' : '')),
      ]),
  ]);
  const pad = hasStars ? ' ' : '';
  const footer = [
    ['average', ...summaries.map(({ average }) => (average === null ? '–' : average.toFixed(2)) + pad)],
    [
      'average % difference',
      ...summaries.map((summary) => formatSigned(summary.averagePercentDifference) + pad),
    ],
    [
      'difference of averages',
      ...summaries.map((summary) => formatSigned(summary.differenceOfAverages) + pad),
    ],
  ];
  const table = textTable(['task', ...results.map(({ variant }) => variant + pad)], [...rows, ...footer], 3);
  return [table, ...notes(summaries, hasStars).map((note) => `${note}\n`)].join('');
}

function notes(summaries: readonly Summary[], hasStars: boolean): string[] {
  const meaning =
    "* differs from the baseline: exact McNemar test or paired bootstrap, p ≤ 0.05 after Holm's correction over the tasks";
  const unresolved = summaries.flatMap(({ variant, comparison }) =>
    (comparison?.tasks ?? [])
      .filter((task) => task.isUnresolved && task.difference !== 0)
      .map(({ task, metric, difference, detectable, n }) => {
        const [scale, unit] = isShare(metric) ? [100, ' points'] : [1, ''];
        const found = `${formatSigned(scale * difference)}${unit}`;
        return `${variant}: ${task} cannot resolve ${found}; its ${n} items find ${(scale * detectable!).toFixed(2)}${unit} in 80 % of experiments`;
      }),
  );
  return [...(hasStars ? [meaning] : []), ...unresolved];
}

function headline(task: TaskResult): { value: number; stderr: number | null } {
  return task.metrics[task.headline]!;
}
