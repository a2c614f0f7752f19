import { parseIndex, readRow, rowError } from '../../data/row-reader.ts';
import { accuracy, normalizedAccuracy } from '../../metrics/accuracy.ts';
import type { HubData, RowPlace, Task } from '../../task.ts';
import { pyCapitalize } from '../../text/capitalize.ts';
import { standardFiles } from '../choice-task.ts';
import { preprocess } from './preprocess.ts';

const CHOICES = 4;
const LINES_PER_ROW = 6; // query, index of the right ending, four endings

/** A HellaSwag question in its final wording. */
export interface HellaswagRow {
  /** Activity and context: "Cutting hedges: A woman walks up to a tall hedge. She". */
  readonly query: string;
  /** Four endings without leading delimiter. */
  readonly endings: readonly string[];
  /** Index of the right ending, 0 to 3. */
  readonly gold: number;
  /** The video or article that the question is from. */
  readonly cluster?: string | undefined;
}

const hub: HubData<HellaswagRow> = {
  repo: 'Rowan/hellaswag',
  revision: 'refs/convert/parquet',
  file: { layout: 'parquet', path: 'default/validation/0000.parquet' },
};

/**
 * HellaSwag: which of four endings follows?
 * @see https://arxiv.org/abs/1905.07830
 * @see lm_eval/tasks/hellaswag/hellaswag.yaml @ 4e7e0d47
 */
export const hellaswag: Task<HellaswagRow> = {
  name: 'hellaswag',
  version: '1.0',
  outputType: 'multiple_choice',
  split: 'validation',
  headline: 'acc',
  metrics: { acc: accuracy, acc_norm: normalizedAccuracy },
  hub,
  files: [
    ...standardFiles('hellaswag', 'validation', hub),
    { layout: 'jsonl', path: 'hellaswag/hellaswag_val.jsonl' },
    {
      layout: 'lineGroups',
      path: 'hellaswag/hellaswag_val_full.txt',
      linesPerRow: LINES_PER_ROW,
      parseLines: parseTextRow,
    },
  ],
  parseRow(columns, place) {
    const row = readRow('hellaswag', columns, place);
    const context = `${row.string('ctx_a')} ${pyCapitalize(row.string('ctx_b'))}`;
    const query = preprocess(`${row.string('activity_label')}: ${context}`);
    const endings = row.strings('endings', CHOICES).map(preprocess);
    const empty = endings.indexOf('');
    if (empty !== -1) {
      const problem = `ending ${empty} has no text but tags`;
      throw rowError('hellaswag', place, { problem, expected: 'text', received: '""' });
    }
    const cluster = row.optional('cluster') ?? row.optional('source_id');
    return { query, endings, gold: row.index('label', CHOICES), cluster };
  },
  buildItem(row) {
    return {
      requests: row.endings.map((ending) => ({ context: row.query, continuation: ` ${ending}` })),
      choices: row.endings,
      gold: row.gold,
      cluster: row.cluster,
    };
  },
};

/** Lines are taken as they stand: the text layout is made from cleaned text (README.md says what that loses). */
function parseTextRow(lines: readonly string[], place: RowPlace): HellaswagRow {
  const [query, label, ...endings] = lines as [string, string, ...string[]];
  const blank = lines.indexOf('');
  if (blank !== -1) {
    const at = { path: place.path, line: place.line + blank };
    throw rowError('hellaswag', at, { problem: 'blank line', expected: 'text', received: '""' });
  }
  const gold = parseIndex(label);
  if (gold === undefined || gold >= CHOICES) {
    const at = { path: place.path, line: place.line + 1 };
    throw rowError('hellaswag', at, {
      problem: 'bad index of the right ending',
      expected: `an integer from 0 to ${CHOICES - 1}`,
      received: JSON.stringify(label.slice(0, 80)),
    });
  }
  return { query, endings, gold };
}
