import { describe, readRow, rowError } from '../../data/row-reader.ts';
import type { HubData, Task } from '../../task.ts';
import { pyStrip } from '../../text/whitespace.ts';
import { ACC, standardFiles } from '../choice-task.ts';

/** A sentence with a blank, cut there. */
export interface WinograndeRow {
  /** The sentence up to the blank, with each option in its place. */
  readonly contexts: readonly [string, string];
  /** What follows the blank, at least one character. */
  readonly suffix: string;
  /** Index of the right option, 0 or 1. */
  readonly gold: number;
  readonly cluster?: string | undefined;
}

const hub: HubData<WinograndeRow> = {
  repo: 'allenai/winogrande',
  revision: 'main',
  file: { layout: 'parquet', path: 'winogrande_xl/validation-*.parquet' },
};

/**
 * WinoGrande: which of two words fills the blank? Scored by "partial evaluation": how likely is the rest of the sentence after each.
 * @see https://arxiv.org/abs/1907.10641
 * @see lm_eval/tasks/winogrande/preprocess_winogrande.py @ 4e7e0d47
 */
export const winogrande: Task<WinograndeRow> = {
  name: 'winogrande',
  version: '1.0',
  outputType: 'multiple_choice',
  split: 'validation',
  headline: 'acc',
  metrics: ACC,
  idColumn: 'qID',
  hub,
  files: [
    ...standardFiles('winogrande', 'validation', hub),
    {
      layout: 'jsonlLabels',
      path: 'winogrande/dev.jsonl',
      labels: 'winogrande/dev-labels.lst',
      column: 'answer',
    },
  ],
  parseRow(columns, place) {
    const row = readRow('winogrande', columns, place);
    const sentence = row.string('sentence');
    const blank = sentence.indexOf('_');
    const suffix = pyStrip(sentence.slice(blank + 1)); // a later "_" stays in it
    if (blank === -1 || suffix === '') {
      throw rowError('winogrande', place, {
        problem: blank === -1 ? 'sentence has no blank' : 'sentence ends at the blank',
        expected: 'text with a "_" and something behind it',
        received: describe(sentence),
      });
    }
    const before = sentence.slice(0, blank);
    return {
      contexts: [before + row.filled('option1'), before + row.filled('option2')],
      suffix,
      gold: row.word('answer', ['1', '2']),
      cluster: row.optional('cluster'),
    };
  },
  buildItem({ contexts, suffix, gold, cluster }) {
    const requests = contexts.map((context) => ({ context, continuation: ` ${suffix}` }));
    return { requests, choices: contexts, gold, cluster };
  },
};
