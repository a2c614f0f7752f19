import type { DataFile, Task } from '../../task.ts';
import { type ChoiceRow, choiceTask, standardFiles } from '../choice-task.ts';

/** Header of the authors' CSV to the columns of the Hugging Face loader. */
const COLUMNS = {
  InputStoryid: 'story_id',
  InputSentence1: 'input_sentence_1',
  InputSentence2: 'input_sentence_2',
  InputSentence3: 'input_sentence_3',
  InputSentence4: 'input_sentence_4',
  RandomFifthSentenceQuiz1: 'sentence_quiz1',
  RandomFifthSentenceQuiz2: 'sentence_quiz2',
  AnswerRightEnding: 'answer_right_ending',
};

const SENTENCES = [1, 2, 3, 4] as const;

function storycloze(year: 2016 | 2018, split: string, names: readonly string[]): Task<ChoiceRow> {
  const name = `storycloze_${year}`;
  return choiceTask({
    name,
    version: '1.0',
    split,
    idColumn: 'story_id',
    files: [
      ...standardFiles<ChoiceRow>(name, split),
      ...[name, 'storycloze'].flatMap((folder) =>
        names.map(
          (file): DataFile<ChoiceRow> => ({
            layout: 'csv',
            path: `${folder}/${file}.csv`,
            columns: COLUMNS,
          }),
        ),
      ),
    ],
    read: (row) => ({
      context: SENTENCES.map((i) => row.string(`input_sentence_${i}`)).join(' '),
      choices: [row.filled('sentence_quiz1'), row.filled('sentence_quiz2')],
      gold: row.ordinal('answer_right_ending', 2),
    }),
  });
}

/**
 * StoryCloze 2016: which of two sentences ends a story of four? The data is handed out by its authors on request and may not be passed on.
 * @see https://arxiv.org/abs/1604.01696
 * @see lm_eval/tasks/storycloze/storycloze_2016.yaml @ 4e7e0d47
 */
export const storycloze2016: Task<ChoiceRow> = storycloze(2016, 'test', [
  'cloze_test_test__spring2016 - cloze_test_ALL_test',
  'cloze_test_test__spring2016-cloze_test_ALL_test',
  'cloze_test_val__spring2016 - cloze_test_ALL_val',
  'cloze_test_val__spring2016-cloze_test_ALL_val',
]);

/**
 * StoryCloze 2018, whose test split has no labels: the validation split.
 * @see lm_eval/tasks/storycloze/storycloze_2018.yaml @ 4e7e0d47
 */
export const storycloze2018: Task<ChoiceRow> = storycloze(2018, 'validation', [
  'cloze_test_val__winter2018-cloze_test_ALL_val - 1 - 1',
  'cloze_test_val__winter2018 - cloze_test_ALL_val',
  'cloze_test_val__winter2018-cloze_test_ALL_val',
]);
