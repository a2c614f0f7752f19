import type { Interleaved, InterleaveOptions } from './interleave.ts';

/** One thing to measure. */
export interface Benchmark {
  /** What the command's filter matches. */
  readonly name: string;
  /** What is done, with sizes. */
  readonly title: string;
  /** What a ratio of 1 is as fast as. */
  readonly baseline: string;
  /** Least ratio that is asked for, by contender. @default none */
  readonly targets?: Readonly<Record<string, number>>;
  /** Largest ratio that is asked for, by contender. @default none */
  readonly limits?: Readonly<Record<string, number>>;
  /** What stands between a ratio and the baseline. @default 'times the speed of' */
  readonly relation?: string;
  /** @param folder an empty folder for files, removed afterwards */
  run(folder: string, options: InterleaveOptions): Promise<Interleaved>;
}
