import type { HubData, Task } from '../../task.ts';
import { type ChoiceRow, choiceTask, standardFiles } from '../choice-task.ts';

const hub: HubData<ChoiceRow> = {
  repo: 'aps/super_glue',
  revision: 'refs/convert/parquet',
  file: { layout: 'parquet', path: 'boolq/validation/0000.parquet' },
};

/**
 * BoolQ, SuperGLUE's copy: is the answer to a question about a passage yes or no?
 * @see https://arxiv.org/abs/1905.10044
 * @see lm_eval/tasks/super_glue/boolq/default.yaml @ 4e7e0d47
 */
export const boolq: Task<ChoiceRow> = choiceTask({
  name: 'boolq',
  version: '2.0',
  split: 'validation',
  idColumn: 'idx',
  hub,
  files: [...standardFiles('boolq', 'validation', hub), { layout: 'jsonl', path: 'boolq/val.jsonl' }],
  read: (row) => {
    const passage = row.string('passage');
    return {
      context: `${passage}\nQuestion: ${row.string('question')}?\nAnswer:`,
      choices: ['no', 'yes'],
      gold: row.index('label', 2),
      cluster: passage,
    };
  },
});
