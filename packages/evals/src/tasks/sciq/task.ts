import type { HubData, Task } from '../../task.ts';
import { pyLstrip } from '../../text/whitespace.ts';
import { ACC_AND_NORM, type ChoiceRow, choiceTask, standardFiles } from '../choice-task.ts';

const hub: HubData<ChoiceRow> = {
  repo: 'allenai/sciq',
  revision: 'main',
  file: { layout: 'parquet', path: 'data/test-*.parquet' },
};

const DISTRACTORS = ['distractor1', 'distractor2', 'distractor3'];

/**
 * SciQ: a science question after a passage that supports the answer. The right choice is always the last.
 * @see https://arxiv.org/abs/1707.06209
 * @see lm_eval/tasks/sciq/sciq.yaml @ 4e7e0d47
 */
export const sciq: Task<ChoiceRow> = choiceTask({
  name: 'sciq',
  version: '1.0',
  split: 'test',
  metrics: ACC_AND_NORM,
  hub,
  files: standardFiles('sciq', 'test', hub),
  read: (row) => ({
    // without support the context begins with a newline, as the harness has it
    context: `${pyLstrip(row.string('support'))}\nQuestion: ${row.string('question')}\nAnswer:`,
    choices: [...DISTRACTORS, 'correct_answer'].map((column) => row.filled(column)),
    gold: 3,
  }),
});
