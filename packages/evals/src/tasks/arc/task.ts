import type { RowReader } from '../../data/row-reader.ts';
import type { HubData, Task } from '../../task.ts';
import { ACC_AND_NORM, type ChoiceRow, choiceTask, standardFiles } from '../choice-task.ts';
import { labelledChoices } from '../labelled-choices.ts';

function arc(name: string, config: string): Task<ChoiceRow> {
  const hub: HubData<ChoiceRow> = {
    repo: 'allenai/ai2_arc',
    revision: 'main',
    file: { layout: 'parquet', path: `${config}/test-*.parquet` },
  };
  return choiceTask({
    name,
    version: '1.0',
    split: 'test',
    metrics: ACC_AND_NORM,
    idColumn: 'id',
    hub,
    files: standardFiles(name, 'test', hub),
    read: (row: RowReader, place) => ({
      context: `Question: ${row.string('question')}\nAnswer:`,
      ...labelledChoices(name, row, row.string('answerKey'), place),
    }),
  });
}

/**
 * ARC, the easy part: which answer to a school science question is right?
 * @see https://arxiv.org/abs/1803.05457
 * @see lm_eval/tasks/arc/arc_easy.yaml @ 4e7e0d47
 */
export const arcEasy: Task<ChoiceRow> = arc('arc_easy', 'ARC-Easy');

/**
 * ARC, the questions that retrieval and word co-occurrence get wrong.
 * @see lm_eval/tasks/arc/arc_challenge.yaml @ 4e7e0d47
 */
export const arcChallenge: Task<ChoiceRow> = arc('arc_challenge', 'ARC-Challenge');
