import { InvalidInputError } from '@bitcliff/core';
import { type RowReader, readRow } from './data/row-reader.ts';
import { accuracy, normalizedAccuracy } from './metrics/accuracy.ts';
import type { Metric } from './metrics/metric.ts';
import { targetPerplexity } from './metrics/target-perplexity.ts';
import { bitsPerByte, bytePerplexity, wordPerplexity } from './metrics/text-perplexity.ts';
import type { DataFile, OutputType, RowPlace, Task, TaskItem } from './task.ts';
import { standardFiles } from './tasks/choice-task.ts';
import { utf8Length } from './text/utf8-length.ts';
import { pyWordCount } from './text/word-count.ts';

/** What a row of a task of one's own becomes: a question with choices, a target to predict, or a text. */
export type OwnItem =
  | {
      readonly context: string;
      readonly choices: readonly string[];
      readonly gold: number;
      readonly cluster?: string;
    }
  | { readonly context: string; readonly target: string; readonly cluster?: string }
  | { readonly text: string; readonly cluster?: string };

/** A task of one's own. */
export interface OwnTaskOptions<Item extends OwnItem> {
  /** Lower case, digits, `_` and `-`; also the name of its file, `<name>.jsonl`. */
  readonly name: string;
  /** Changes when prompts or metrics do; goes into every result. */
  readonly version: string;
  /** What the rows become. A space is put before choices and targets. */
  readonly kind: Item extends { text: string }
    ? 'text'
    : Item extends { target: string }
      ? 'target'
      : 'choices';
  /** One row. @throws {InvalidInputError} what the reader throws: a column is missing or does not fit */
  item(row: RowReader, place: RowPlace | undefined): Item;
  /** @default `<name>.jsonl`, `<name>/test.jsonl`, `<name>/test.parquet` */
  readonly files?: readonly DataFile<Item>[];
  /** Column whose values must differ. */
  readonly idColumn?: string;
}

const KINDS = {
  choices: { outputType: 'multiple_choice', metrics: { acc: accuracy, acc_norm: normalizedAccuracy } },
  target: { outputType: 'loglikelihood', metrics: { acc: accuracy, perplexity: targetPerplexity } },
  text: {
    outputType: 'loglikelihood_rolling',
    metrics: { word_perplexity: wordPerplexity, byte_perplexity: bytePerplexity, bits_per_byte: bitsPerByte },
  },
} as const satisfies Record<string, { outputType: OutputType; metrics: Record<string, Metric> }>;

/**
 * A task of one's own, from JSON lines, for `evaluateTasks`, `loadTaskRows` and `bitcliff eval --define`.
 * @throws {InvalidInputError} on a bad name
 * @example
 * export const capitals = defineTask({
 *   name: 'capitals',
 *   version: '1',
 *   kind: 'choices',
 *   item: (row) => ({
 *     context: `The capital of ${row.filled('country')} is`,
 *     choices: row.strings('cities', 4),
 *     gold: row.index('answer', 4),
 *   }),
 * });
 */
export function defineTask<Item extends OwnItem>(options: OwnTaskOptions<Item>): Task<Item> {
  const { name, version, kind, item, files, idColumn } = options;
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(name)) {
    throw new InvalidInputError({
      op: 'defineTask',
      problem: 'bad name',
      expected: 'lower-case letters, digits, _ and -, at most 64',
      received: JSON.stringify(name),
    });
  }
  const { outputType, metrics } = KINDS[kind];
  return {
    name,
    version,
    outputType,
    split: 'own',
    headline: Object.keys(metrics)[0]!,
    metrics,
    files: files ?? standardFiles<Item>(name, 'test'),
    idColumn,
    parseRow(columns, place) {
      const parsed = item(readRow(name, columns, place), place);
      checkItem(name, parsed, place);
      return parsed;
    },
    buildItem: ownItem,
  };
}

function ownItem(item: OwnItem): TaskItem {
  const { cluster } = item;
  if ('choices' in item) {
    const requests = item.choices.map((choice) => ({ context: item.context, continuation: ` ${choice}` }));
    return { requests, choices: item.choices, gold: item.gold, cluster };
  }
  if ('target' in item) {
    const requests = [{ context: item.context, continuation: ` ${item.target}` }];
    return { requests, choices: [], gold: null, cluster };
  }
  const { text } = item;
  const size = { words: pyWordCount(text), bytes: utf8Length(text) };
  return { requests: [{ context: '', continuation: text }], choices: [], gold: null, size, cluster };
}

function checkItem(name: string, item: OwnItem, place: RowPlace | undefined): void {
  const texts = 'choices' in item ? item.choices : ['target' in item ? item.target : item.text];
  const isBad = texts.includes('') || ('choices' in item && item.choices[item.gold] === undefined);
  if (!isBad) return;
  throw new InvalidInputError({
    op: name,
    problem: texts.includes('') ? 'empty continuation' : 'the right choice is none of the choices',
    expected: 'text to score, and the index of one of the choices',
    received: JSON.stringify(item).slice(0, 80),
    ...(place === undefined ? {} : { where: `${place.unit ?? 'line'} ${place.line}` }),
    ...(place?.path === undefined ? {} : { path: place.path }),
  });
}
