import { describe, readRow, rowError } from '../../data/row-reader.ts';
import { accuracy } from '../../metrics/accuracy.ts';
import { targetPerplexity } from '../../metrics/target-perplexity.ts';
import type { Task } from '../../task.ts';

/** A LAMBADA passage cut before its last word. */
export interface LambadaRow {
  /** Everything before the last space. */
  readonly context: string;
  /** What follows the last space, at least one character. */
  readonly target: string;
}

/**
 * LAMBADA, OpenAI's processing: is the last word of the passage the greedy continuation?
 * @see https://arxiv.org/abs/1606.06031
 * @see lm_eval/tasks/lambada/lambada_openai.yaml @ 4e7e0d47
 */
export const lambadaOpenai: Task<LambadaRow> = {
  name: 'lambada_openai',
  version: '1.0',
  outputType: 'loglikelihood',
  split: 'test',
  headline: 'acc',
  metrics: { acc: accuracy, perplexity: targetPerplexity },
  files: [
    { layout: 'jsonl', path: 'lambada_openai.jsonl' },
    { layout: 'jsonl', path: 'lambada_openai/lambada_test.jsonl' },
    { layout: 'jsonl', path: 'lambada_openai/data/lambada_test.jsonl' },
    { layout: 'jsonl', path: 'lambada/lambada_test.jsonl' },
  ],
  parseRow(columns, place) {
    const text = readRow('lambada_openai', columns, place).string('text');
    const cut = text.lastIndexOf(' ');
    if (cut === -1 || cut === text.length - 1) {
      throw rowError('lambada_openai', place, {
        problem: cut === -1 ? 'text has no space' : 'text ends in a space',
        expected: 'words separated by spaces, the last one being the target',
        received: describe(text),
      });
    }
    return { context: text.slice(0, cut), target: text.slice(cut + 1) };
  },
  buildItem(row) {
    return { requests: [{ context: row.context, continuation: ` ${row.target}` }], choices: [], gold: null };
  },
};
