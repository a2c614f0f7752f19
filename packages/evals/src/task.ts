import type { Metric } from './metrics/metric.ts';
import type { Profile } from './profile.ts';
import type { TokenRequest } from './request.ts';
import type { EvalTokenizer, SpecialTokenOptions } from './tokenizer.ts';

/**
 * Shape of an item's requests, in the names of lm-evaluation-harness: one per choice; one for the target; windows over one text. `windows`
 * is ours: windows over the joined texts of all rows, one item each.
 */
export type OutputType = 'multiple_choice' | 'loglikelihood' | 'loglikelihood_rolling' | 'windows';

/** Two strings: how likely is `continuation` after `context`? Delimiters are part of the strings. */
export interface TextRequest {
  readonly context: string;
  readonly continuation: string;
}

/** One question of a task, as requests and what is needed to judge the answers. */
export interface TaskItem {
  /** One per choice (`multiple_choice`), exactly one (`loglikelihood`, and `loglikelihood_rolling` with an empty context). */
  readonly requests: readonly TextRequest[];
  /** The choices without delimiter, one per request; empty for the other output types. */
  readonly choices: readonly string[];
  /** Index of the right choice; null for a task without choices. */
  readonly gold: number | null;
  /** Words and UTF-8 bytes that metrics per word or byte divide by. */
  readonly size?: { readonly words?: number; readonly bytes: number } | undefined;
  /** What the item shares with others, such as a passage: standard errors keep such items together. */
  readonly cluster?: string | undefined;
}

/** Where a row comes from, for errors. */
export interface RowPlace {
  /** The file, when there is one. */
  readonly path?: string | undefined;
  /** Line of the row (its first line), from 1; its number in a file without lines. */
  readonly line: number;
  /** What `line` counts. @default 'line' */
  readonly unit?: 'line' | 'row' | undefined;
}

/** A file that a task can be read from. Paths are relative to the data folder, with forward slashes; the same path with `.gz` is tried after it. */
export type DataFile<Row = unknown> =
  /** One JSON object per line, the columns of the Hugging Face data set. */
  | { readonly layout: 'jsonl'; readonly path: string }
  /** Those columns as Parquet. A `*` in the path stands for any name: all matches, ordered by name, are read. */
  | { readonly layout: 'parquet'; readonly path: string }
  /** JSON lines whose labels are the lines of a second file; `column` gets the line. */
  | {
      readonly layout: 'jsonlLabels';
      readonly path: string;
      readonly labels: string;
      readonly column: string;
    }
  /** Comma-separated values with a header; `columns` maps the header's names to those of the Hugging Face data set. */
  | {
      readonly layout: 'csv';
      readonly path: string;
      readonly columns: Readonly<Record<string, string>>;
    }
  /** XML; every element `item` is a row: its attributes, and the texts of its children, by name. */
  | {
      readonly layout: 'xml';
      readonly path: string;
      readonly item: string;
      toColumns(fields: Readonly<Record<string, string>>): Readonly<Record<string, unknown>>;
    }
  /** Groups of a fixed number of text lines. */
  | {
      readonly layout: 'lineGroups';
      readonly path: string;
      readonly linesPerRow: number;
      /** @throws {InvalidInputError} naming file, line, problem, expected and received */
      parseLines(lines: readonly string[], place: RowPlace): Row;
    }
  /** Plain text. */
  | {
      readonly layout: 'text';
      readonly path: string;
      /** Columns of each row and the line, from 1, that it begins on. */
      split(text: string): { readonly columns: Readonly<Record<string, unknown>>; readonly line: number }[];
    };

/** The task's data on the Hugging Face Hub. */
export interface HubData<Row = unknown> {
  /** `org/name`. */
  readonly repo: string;
  /** Branch, such as the one that the Hub converts to Parquet. */
  readonly revision: string;
  /** Path in the repository. */
  readonly file: DataFile<Row>;
}

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
  /** Left out for data that is not on the Hub. */
  readonly hub?: HubData<Row> | undefined;
  /** Column whose values must differ, where rows have it. */
  readonly idColumn?: string | undefined;
  /**
   * Check one record with the columns of the Hugging Face data set.
   * @throws {InvalidInputError} naming file, line, problem, expected and received
   */
  parseRow(columns: unknown, place?: RowPlace): Row;
  /** The prompts of one row. Not called for output type `windows`. @param profile @default 'lmeval' */
  buildItem(row: Row, profile?: Profile): TaskItem;
  /** Output type `windows`: the requests over all rows. */
  cutWindows?(rows: readonly Row[], tokenizer: EvalTokenizer, options: WindowOptions): TokenRequest[];
}

/** What {@link Task.cutWindows} must know of a run. */
export interface WindowOptions extends SpecialTokenOptions {
  /** Longest model input, tokens, ≥ 1. */
  readonly maxLength: number;
}
