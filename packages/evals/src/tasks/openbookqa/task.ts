import type { HubData, Task } from '../../task.ts';
import { pyLstrip } from '../../text/whitespace.ts';
import { ACC_AND_NORM, type ChoiceRow, choiceTask, standardFiles } from '../choice-task.ts';
import { labelledChoices } from '../labelled-choices.ts';

const hub: HubData<ChoiceRow> = {
  repo: 'allenai/openbookqa',
  revision: 'main',
  file: { layout: 'parquet', path: 'main/test-*.parquet' },
};

/**
 * OpenBookQA: which of four phrases completes a sentence about elementary science?
 * @see https://arxiv.org/abs/1809.02789
 * @see lm_eval/tasks/openbookqa/openbookqa.yaml @ 4e7e0d47
 */
export const openbookqa: Task<ChoiceRow> = choiceTask({
  name: 'openbookqa',
  version: '1.0',
  split: 'test',
  metrics: ACC_AND_NORM,
  idColumn: 'id',
  hub,
  files: standardFiles('openbookqa', 'test', hub),
  read: (row, place) => ({
    context: row.filled('question_stem'),
    ...labelledChoices('openbookqa', row, pyLstrip(row.string('answerKey')), place),
  }),
});
