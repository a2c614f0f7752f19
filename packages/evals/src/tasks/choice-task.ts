/** @file What tasks of the common form share: one context, some choices, a space between. */
import { type RowReader, readRow } from '../data/row-reader.ts';
import { accuracy, normalizedAccuracy } from '../metrics/accuracy.ts';
import type { Metric } from '../metrics/metric.ts';
import type { Profile } from '../profile.ts';
import type { DataFile, HubData, RowPlace, Task, TaskItem } from '../task.ts';

/** A question in its final wording. */
export interface ChoiceRow {
  readonly context: string;
  /** Two or more, none empty, without the delimiter. */
  readonly choices: readonly string[];
  /** Index of the right choice. */
  readonly gold: number;
  /** What the question shares with others. */
  readonly cluster?: string | undefined;
}

/** The parts in which such tasks differ. */
export interface ChoiceTaskOptions {
  readonly name: string;
  readonly version: string;
  readonly split: string;
  /** @default acc */
  readonly metrics?: Readonly<Record<string, Metric>>;
  readonly files: readonly DataFile<ChoiceRow>[];
  readonly hub?: HubData<ChoiceRow>;
  readonly idColumn?: string;
  /** A row from its columns. A column `cluster` wins over the cluster that is given here. */
  read(row: RowReader, place: RowPlace | undefined): ChoiceRow;
  /** @default {@link choiceItem} */
  build?(row: ChoiceRow, profile: Profile): TaskItem;
}

/** `acc` alone, the metrics of tasks without length normalisation. */
export const ACC: Readonly<Record<string, Metric>> = { acc: accuracy };

/** `acc` and `acc_norm`. */
export const ACC_AND_NORM: Readonly<Record<string, Metric>> = { acc: accuracy, acc_norm: normalizedAccuracy };

/** A multiple-choice task; `acc` is its headline. */
export function choiceTask(options: ChoiceTaskOptions): Task<ChoiceRow> {
  const { name, version, split, metrics = ACC, files, hub, idColumn, read, build = choiceItem } = options;
  return {
    name,
    version,
    outputType: 'multiple_choice',
    split,
    headline: 'acc',
    metrics,
    files,
    hub,
    idColumn,
    parseRow(columns, place) {
      const row = readRow(name, columns, place);
      const question = read(row, place);
      const cluster = row.optional('cluster');
      return cluster === undefined ? question : { ...question, cluster };
    },
    buildItem: (row, profile = 'lmeval') => build(row, profile),
  };
}

/** One request per choice: the context, then a space and the choice. */
export function choiceItem({ context, choices, gold, cluster }: ChoiceRow): TaskItem {
  const requests = choices.map((choice) => ({ context, continuation: ` ${choice}` }));
  return { requests, choices, gold, cluster };
}

/**
 * The files that every task is looked for in: the normalised `<task>.jsonl`, the split as JSON lines or Parquet, and the Hub's own path in a
 * folder of the task's name.
 */
export function standardFiles<Row>(name: string, split: string, hub?: HubData<Row>): DataFile<Row>[] {
  const own: DataFile<Row>[] = [
    { layout: 'jsonl', path: `${name}.jsonl` },
    { layout: 'jsonl', path: `${name}/${split}.jsonl` },
    { layout: 'parquet', path: `${name}/${split}.parquet` },
  ];
  return hub === undefined ? own : [...own, { ...hub.file, path: `${name}/${hub.file.path}` }];
}
