import { describe, readRow, rowError } from '../../data/row-reader.ts';
import { accuracy } from '../../metrics/accuracy.ts';
import { targetPerplexity } from '../../metrics/target-perplexity.ts';
import type { DataFile, HubData, Task } from '../../task.ts';
import { standardFiles } from '../choice-task.ts';

/** A LAMBADA passage cut before its last word. */
export interface LambadaRow {
  /** Everything before the last space. */
  readonly context: string;
  /** What follows the last space, at least one character. */
  readonly target: string;
  readonly cluster?: string | undefined;
}

/** One of the two LAMBADA tasks; they differ in their data alone. */
export function lambadaTask(options: {
  readonly name: string;
  readonly hub: HubData<LambadaRow>;
  readonly files: readonly DataFile<LambadaRow>[];
}): Task<LambadaRow> {
  const { name } = options;
  return {
    ...options,
    version: '1.0',
    outputType: 'loglikelihood',
    split: 'test',
    headline: 'acc',
    metrics: { acc: accuracy, perplexity: targetPerplexity },
    parseRow(columns, place) {
      const row = readRow(name, columns, place);
      const text = row.string('text');
      const cut = text.lastIndexOf(' ');
      if (cut === -1 || cut === text.length - 1) {
        throw rowError(name, place, {
          problem: cut === -1 ? 'text has no space' : 'text ends in a space',
          expected: 'words separated by spaces, the last one being the target',
          received: describe(text),
        });
      }
      return { context: text.slice(0, cut), target: text.slice(cut + 1), cluster: row.optional('cluster') };
    },
    buildItem: ({ context, target, cluster }) => ({
      requests: [{ context, continuation: ` ${target}` }],
      choices: [],
      gold: null,
      cluster,
    }),
  };
}

const hub: HubData<LambadaRow> = {
  repo: 'EleutherAI/lambada_openai',
  revision: 'main',
  file: { layout: 'jsonl', path: 'data/lambada_test.jsonl' },
};

/**
 * LAMBADA, OpenAI's processing: is the last word of the passage the greedy continuation?
 * @see https://arxiv.org/abs/1606.06031
 * @see lm_eval/tasks/lambada/lambada_openai.yaml @ 4e7e0d47
 */
export const lambadaOpenai: Task<LambadaRow> = lambadaTask({
  name: 'lambada_openai',
  hub,
  files: [
    ...standardFiles('lambada_openai', 'test', hub),
    { layout: 'jsonl', path: 'lambada_openai/lambada_test.jsonl' },
    { layout: 'jsonl', path: 'lambada/lambada_test.jsonl' },
  ],
});
