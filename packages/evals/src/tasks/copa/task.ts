import { type RowReader, rowError } from '../../data/row-reader.ts';
import type { Profile } from '../../profile.ts';
import type { HubData, RowPlace, Task, TaskItem } from '../../task.ts';
import { dropLast, lowerFirst } from '../../text/first-character.ts';
import { pyStrip } from '../../text/whitespace.ts';
import { type ChoiceRow, choiceTask, standardFiles } from '../choice-task.ts';

const hub: HubData<ChoiceRow> = {
  repo: 'aps/super_glue',
  revision: 'refs/convert/parquet',
  file: { layout: 'parquet', path: 'copa/validation/0000.parquet' },
};

/**
 * COPA, the validation split of SuperGLUE (100 items; the INT8 paper's "Copa100"): which of two sentences is the cause or the effect?
 * @see https://aclanthology.org/S12-1052
 * @see lm_eval/tasks/super_glue/copa @ 4e7e0d47
 */
export const copa: Task<ChoiceRow> = choiceTask({
  name: 'copa',
  version: '1.0',
  split: 'validation',
  idColumn: 'idx',
  hub,
  files: [
    ...standardFiles('copa', 'validation', hub),
    { layout: 'jsonl', path: 'copa/val.jsonl' },
    { layout: 'jsonl', path: 'copa/superglue-copa-val.jsonl' },
  ],
  read: readCopa,
  build: buildCopa,
});

/** A COPA question from the columns of SuperGLUE. */
export function readCopa(row: RowReader, place: RowPlace | undefined): ChoiceRow {
  const premise = dropLast(pyStrip(row.string('premise'))); // the full stop, whatever it is
  if (premise === '') {
    const fields = { problem: 'premise is empty', expected: 'a sentence', received: '""' };
    throw rowError('copa', place, fields);
  }
  return {
    context: `${premise} ${['because', 'therefore'][row.word('question', ['cause', 'effect'])]}`,
    choices: [lowerFirst(row.filled('choice1')), lowerFirst(row.filled('choice2'))],
    gold: row.index('label', 2),
  };
}

/** The harness's choices have begun with a space of their own since 0.4.0, so two stand before them; v0.3.0 had one. */
export function buildCopa({ context, choices, gold, cluster }: ChoiceRow, profile: Profile): TaskItem {
  const worded = profile === 'classic' ? choices : choices.map((choice) => ` ${choice}`);
  const requests = worded.map((choice) => ({ context, continuation: ` ${choice}` }));
  return { requests, choices: worded, gold, cluster };
}
