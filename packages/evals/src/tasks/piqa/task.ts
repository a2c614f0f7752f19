import type { HubData, Task } from '../../task.ts';
import { ACC_AND_NORM, type ChoiceRow, choiceTask, standardFiles } from '../choice-task.ts';

const hub: HubData<ChoiceRow> = {
  repo: 'baber/piqa',
  revision: 'main',
  file: { layout: 'parquet', path: 'piqa_validation.parquet' },
};

/**
 * PIQA: which of two solutions reaches a physical goal?
 * @see https://arxiv.org/abs/1911.11641
 * @see lm_eval/tasks/piqa/piqa.yaml @ 4e7e0d47
 */
export const piqa: Task<ChoiceRow> = choiceTask({
  name: 'piqa',
  version: '1.0',
  split: 'validation',
  metrics: ACC_AND_NORM,
  hub,
  files: [
    ...standardFiles('piqa', 'validation', hub),
    { layout: 'jsonlLabels', path: 'piqa/valid.jsonl', labels: 'piqa/valid-labels.lst', column: 'label' },
  ],
  read: (row) => ({
    context: `Question: ${row.string('goal')}\nAnswer:`,
    choices: [row.filled('sol1'), row.filled('sol2')],
    gold: row.index('label', 2),
  }),
});
