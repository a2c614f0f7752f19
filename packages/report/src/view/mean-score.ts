import type { FromRun } from './cell.ts';
import { isShare } from './metric.ts';
import type { StudyView } from './study-view.ts';

/** Mean over the tasks whose headline is a share. */
export interface MeanScore {
  readonly checkpoint: string;
  readonly variant: string;
  /** In [0, 1]. */
  readonly value: number;
  /** √(Σ SE²) / tasks; `null` where a task has none. */
  readonly stderr: number | null;
  readonly tasks: number;
  readonly from: readonly FromRun[];
}

/** Mean scores of all variants of all checkpoints that have tasks, in the order of the records. */
export function meanScores(view: StudyView): MeanScore[] {
  const groups = new Map<
    string,
    (FromRun & { value: number; stderr: number | null; place: [string, string] })[]
  >();
  for (const { checkpoint, variant, headline, metrics, run } of view.records('task')) {
    const score = metrics[headline];
    if (score === undefined || !isShare(headline)) continue;
    const key = JSON.stringify([checkpoint, variant]);
    groups.set(key, [...(groups.get(key) ?? []), { run, ...score, place: [checkpoint, variant] }]);
  }
  return [...groups.values()].map((scores) => {
    const errors = scores.map(({ stderr }) => stderr);
    const known = errors.filter((stderr) => stderr !== null);
    return {
      checkpoint: scores[0]!.place[0],
      variant: scores[0]!.place[1],
      value: scores.reduce((sum, { value }) => sum + value, 0) / scores.length,
      stderr:
        known.length < errors.length
          ? null
          : Math.sqrt(known.reduce((sum, stderr) => sum + stderr ** 2, 0)) / errors.length,
      tasks: scores.length,
      from: scores,
    };
  });
}

/** Half the width of a 95 % interval over the standard error. */
export const Z_95 = 1.959963984540054;

/** Ends of the 95 % interval, none without a standard error. */
export function interval(value: number, stderr: number | null): { low?: number; high?: number } {
  return stderr === null ? {} : { low: value - Z_95 * stderr, high: value + Z_95 * stderr };
}
