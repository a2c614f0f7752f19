import { averagePercentDifference, mean, type TaskResult } from '@bitcliff/evals';
import { textTable } from './text-table.ts';

/** The results of one variant, tasks in the order asked for. */
export interface VariantResult {
  /** `baseline` or a recipe's name. */
  readonly variant: string;
  readonly tasks: readonly TaskResult[];
}

/** Averages over tasks, as the INT8 paper reports them (paper-spec.md §1). */
export interface Summary {
  readonly variant: string;
  /** Mean of the headline metrics, in percent. */
  readonly average: number;
  /** Mean over tasks of 100·(after/before − 1); `null` for the baseline, and where a baseline score is 0. */
  readonly averagePercentDifference: number | null;
  /** Difference of the two averages, in points; `null` for the baseline. */
  readonly differenceOfAverages: number | null;
}

/** @param results the baseline first */
export function summarize(results: readonly VariantResult[]): Summary[] {
  const headlines = results.map(({ tasks }) => tasks.map((task) => 100 * headline(task).value));
  const before = headlines[0]!;
  return results.map(({ variant }, v) => {
    const after = headlines[v]!;
    const isBaseline = v === 0;
    return {
      variant,
      average: mean(after),
      averagePercentDifference:
        isBaseline || before.includes(0) ? null : averagePercentDifference(before, after),
      differenceOfAverages: isBaseline ? null : mean(after) - mean(before),
    };
  });
}

/** The table of the INT8 paper: a row per task, a column per variant, scores in percent ± standard error. */
export function renderEvalTable(results: readonly VariantResult[]): string {
  const summaries = summarize(results);
  const rows = results[0]!.tasks.map((task, t) => [
    `${task.task} (${task.headline}, n = ${task.n})`,
    ...results.map(({ tasks }) => formatScore(headline(tasks[t]!))),
  ]);
  const average = ['average', ...summaries.map((summary) => summary.average.toFixed(2))];
  const percent = [
    'average % difference',
    ...summaries.map((summary) => signed(summary.averagePercentDifference)),
  ];
  const points = [
    'difference of averages',
    ...summaries.map((summary) => signed(summary.differenceOfAverages)),
  ];
  return textTable(
    ['task', ...results.map(({ variant }) => variant)],
    [...rows, average, percent, points],
    3,
  );
}

function headline(task: TaskResult): { value: number; stderr: number | null } {
  return task.metrics[task.headline]!;
}

function formatScore({ value, stderr }: { value: number; stderr: number | null }): string {
  const score = (100 * value).toFixed(2);
  return stderr === null ? score : `${score} ± ${(100 * stderr).toFixed(2)}`;
}

function signed(value: number | null): string {
  if (value === null) return '–';
  const text = value.toFixed(2);
  return value > 0 ? `+${text}` : text.replace(/^-(0\.00)$/, '$1');
}
