import { accuracy, normalizedAccuracy, pooled } from '../../metrics/accuracy.ts';
import type { HubData, Task } from '../../task.ts';
import { pyStrip } from '../../text/whitespace.ts';
import { type ChoiceRow, choiceTask, standardFiles } from '../choice-task.ts';

const LETTERS = ['A', 'B', 'C', 'D'];

const hub: HubData<ChoiceRow> = {
  repo: 'cais/mmlu',
  revision: 'main',
  file: { layout: 'parquet', path: 'all/test-*.parquet' },
};

const common = {
  version: '1.0',
  split: 'test',
  hub,
  // the Hub also has a folder per subject
  files: [
    ...standardFiles('mmlu', 'test', hub),
    { layout: 'parquet', path: 'mmlu/*/test-*.parquet' } as const,
  ],
};

/**
 * MMLU, answers by their letter: 57 subjects, zero-shot. `acc` is the mean over questions, which is the harness's mean of subjects weighted by size; its
 * standard error is pooled over subjects.
 * @see https://arxiv.org/abs/2009.03300
 * @see lm_eval/tasks/mmlu/default @ 4e7e0d47
 */
export const mmlu: Task<ChoiceRow> = choiceTask({
  ...common,
  name: 'mmlu',
  metrics: { acc: pooled(accuracy) },
  read: (row) => {
    const subject = row.filled('subject');
    const options = row.strings('choices', 4).map((choice, i) => `${LETTERS[i]}. ${choice}\n`);
    const about = `The following are multiple choice questions (with answers) about ${spaced(subject)}.`;
    return {
      context: `${about}\n\n${pyStrip(row.string('question'))}\n${options.join('')}Answer:`,
      choices: LETTERS,
      gold: row.index('answer', 4),
      cluster: subject,
    };
  },
});

/**
 * MMLU, the answers themselves as continuations.
 * @see lm_eval/tasks/mmlu/continuation @ 4e7e0d47
 */
export const mmluContinuation: Task<ChoiceRow> = choiceTask({
  ...common,
  name: 'mmlu_continuation',
  metrics: { acc: pooled(accuracy), acc_norm: pooled(normalizedAccuracy) },
  read: (row) => {
    const subject = row.filled('subject');
    const about = `The following are questions (with answers) about ${spaced(subject)}.`;
    return {
      context: `${about}\n\nQuestion: ${pyStrip(row.string('question'))}\nAnswer:`,
      choices: row.strings('choices', 4),
      gold: row.index('answer', 4),
      cluster: subject,
    };
  },
});

/** `high_school_physics` as the harness writes it in prompts. */
function spaced(subject: string): string {
  return subject.replaceAll('_', ' ');
}
