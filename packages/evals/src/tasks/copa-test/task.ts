import type { DataFile, Task } from '../../task.ts';
import { type ChoiceRow, choiceTask, standardFiles } from '../choice-task.ts';
import { buildCopa, readCopa } from '../copa/task.ts';

/** An `<item>` of the original XML to the columns of SuperGLUE; its answers count from 1. */
function xmlFile(path: string): DataFile<ChoiceRow> {
  return {
    layout: 'xml',
    path,
    item: 'item',
    toColumns: (fields) => ({
      idx: fields.id,
      question: fields['asks-for'],
      premise: fields.p,
      choice1: fields.a1,
      choice2: fields.a2,
      label: { 1: '0', 2: '1' }[fields['most-plausible-alternative'] ?? ''],
    }),
  };
}

/**
 * COPA, the original test split (500 items; the INT8 paper's "Copa"). SuperGLUE's copy of it has no labels, so this needs the original file. Prompts
 * are those of `copa`.
 * @see https://people.ict.usc.edu/~gordon/copa.html
 */
export const copaTest: Task<ChoiceRow> = choiceTask({
  name: 'copa_test',
  version: '1.0',
  split: 'test',
  idColumn: 'idx',
  files: [
    ...standardFiles<ChoiceRow>('copa_test', 'test'),
    xmlFile('copa_test.xml'),
    xmlFile('copa/copa-test.xml'),
    xmlFile('copa/datasets/copa-test.xml'),
  ],
  read: readCopa,
  build: buildCopa,
});
