import type { Metric } from './metrics/metric.ts';

/** Shape of an item's requests: one per choice, or one for the target. Names of lm-evaluation-harness. */
export type OutputType = 'multiple_choice' | 'loglikelihood';

/** Two strings: how likely is `continuation` after `context`? Delimiters are part of the strings. */
export interface TextRequest {
  readonly context: string;
  readonly continuation: string;
}

/** One question of a task, as requests and what is needed to judge the answers. */
export interface TaskItem {
  /** One per choice (`multiple_choice`) or exactly one (`loglikelihood`). */
  readonly requests: readonly TextRequest[];
  /** The choices without delimiter, one per request; empty for `loglikelihood`. */
  readonly choices: readonly string[];
  /** Index of the right choice; null for `loglikelihood`. */
  readonly gold: number | null;
}

/** Where a row comes from, for errors. */
export interface RowPlace {
  /** The file, when there is one. */
  readonly path?: string | undefined;
  /** Line of the row (its first line), from 1. */
  readonly line: number;
}

/** A file that a task can be read from, relative to the data folder. */
export type DataFile<Row = unknown> =
  | {
      /** One JSON object per line, the columns of the Hugging Face data set. */
      readonly layout: 'jsonl';
      /** Relative path with forward slashes; the same path with `.gz` is tried after it. */
      readonly path: string;
    }
  | {
      /** Groups of a fixed number of text lines. */
      readonly layout: 'lineGroups';
      readonly path: string;
      readonly linesPerRow: number;
      /** @throws {InvalidInputError} naming file, line, problem, expected and received */
      parseLines(lines: readonly string[], place: RowPlace): Row;
    };

/**
 * A task as data: where its rows are, how a row becomes prompts, and what is measured.
 * @see docs/new_task_guide.md of EleutherAI/lm-evaluation-harness, whose tasks these reproduce
 */
export interface Task<Row = unknown> {
  /** Name in the harness. */
  readonly name: string;
  /** Version of the prompts and metrics, `metadata.version` of the harness; part of every result. */
  readonly version: string;
  readonly outputType: OutputType;
  /** The evaluated split of the data set. */
  readonly split: string;
  /** The metric to print when there is room for one; a key of `metrics`. */
  readonly headline: string;
  readonly metrics: Readonly<Record<string, Metric>>;
  /** Candidate files in the order they are looked for. */
  readonly files: readonly DataFile<Row>[];
  /**
   * Check one record with the columns of the Hugging Face data set.
   * @throws {InvalidInputError} naming file, line, problem, expected and received
   */
  parseRow(columns: unknown, place?: RowPlace): Row;
  /** The prompts of one row. */
  buildItem(row: Row): TaskItem;
}
