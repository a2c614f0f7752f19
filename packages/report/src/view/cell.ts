import type { Cell } from '../report.ts';

/** Something that a run made. */
export interface FromRun {
  readonly run: string | null;
}

/** Keys of the runs of records, each once. */
export function runsOf(from: FromRun | readonly FromRun[]): string[] {
  const records = [from].flat() as readonly FromRun[];
  return [...new Set(records.flatMap(({ run }) => run ?? []))];
}

/** A cell of a table. @param from the records that the value comes from */
export function cell(
  value: Cell['value'] | undefined,
  from: FromRun | readonly FromRun[] = [],
  extra: Pick<Cell, 'stderr' | 'mark'> = {},
): Cell {
  return { value: value ?? null, runs: runsOf(from), ...extra };
}
