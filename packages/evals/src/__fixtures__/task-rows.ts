/** @file Invented rows in the schema of every task's data set, written for these tests. */
import { HELLASWAG_COLUMNS, LAMBADA_COLUMNS } from './rows.ts';

type Columns = Readonly<Record<string, unknown>>;

const COPA: readonly Columns[] = [
  {
    premise: 'The kettle whistled.',
    choice1: 'The water boiled.',
    choice2: 'Nils closed the door.',
    question: 'cause',
    idx: 0,
    label: 0,
  },
  {
    premise: 'Ida lost her key.',
    choice1: 'She baked bread.',
    choice2: 'She rang the bell.',
    question: 'effect',
    idx: 1,
    label: 1,
  },
];

const ARC: readonly Columns[] = [
  {
    id: 'invented-1',
    question: 'Which of these melts in the sun?',
    choices: { text: ['a brick', 'butter', 'a nail', 'sand'], label: ['A', 'B', 'C', 'D'] },
    answerKey: 'B',
  },
  {
    id: 'invented-2',
    question: 'What does a compass point to?',
    choices: { text: ['north', 'the nearest road', 'the moon'], label: ['1', '2', '3'] },
    answerKey: '1',
  },
];

const STORYCLOZE: readonly Columns[] = [
  {
    story_id: 'invented-1',
    input_sentence_1: 'Per built a raft.',
    input_sentence_2: 'He tied the logs together.',
    input_sentence_3: 'He pushed it into the lake.',
    input_sentence_4: 'It did not sink.',
    sentence_quiz1: 'Per was proud of it.',
    sentence_quiz2: 'Per had never seen a log.',
    answer_right_ending: 1,
  },
  {
    story_id: 'invented-2',
    input_sentence_1: 'Ida wanted soup.',
    input_sentence_2: 'The pot was empty.',
    input_sentence_3: 'She went to the garden.',
    input_sentence_4: 'She dug up some leeks.',
    sentence_quiz1: 'She threw them into the sea.',
    sentence_quiz2: 'She cooked them, "with salt".',
    answer_right_ending: 2,
  },
];

const MMLU: readonly Columns[] = [
  {
    question: ' Which of these is a tide pool? ',
    subject: 'marine_biology',
    choices: ['a net', 'water left by the sea', 'a boat', 'a gull'],
    answer: 1,
  },
  {
    question: 'How many legs has a crab?',
    subject: 'marine_biology',
    choices: ['two', 'four', 'six', 'ten'],
    answer: 3,
  },
  { question: 'Which is a verb?', subject: 'grammar', choices: ['red', 'sing', 'of', 'cup'], answer: 1 },
  { question: 'Which is a noun?', subject: 'grammar', choices: ['lamp', 'run', 'and', 'to'], answer: 0 },
];

const DOCUMENT =
  'The ferry left at nine . Nobody was on it , and the "old" captain ( a tall man ) sang to the gulls .';

/** Columns as in the Hugging Face data set of each task. */
export const TASK_COLUMNS: Readonly<Record<string, readonly Columns[]>> = {
  piqa: [
    { goal: 'To dry wet boots,', sol1: 'fill them with paper.', sol2: 'fill them with soup.', label: 0 },
    { goal: 'To mark a page,', sol1: 'eat the corner.', sol2: 'fold the corner.', label: 1 },
  ],
  hellaswag: HELLASWAG_COLUMNS,
  winogrande: [
    {
      qID: 'invented-1',
      sentence: 'The lamp would not fit the box because the _ was too wide.',
      option1: 'lamp',
      option2: 'box',
      answer: '1',
    },
    {
      qID: 'invented-2',
      sentence: '_ waited for Per, since Ida had come early.',
      option1: 'Per',
      option2: 'Ida',
      answer: '2',
    },
  ],
  lambada_openai: LAMBADA_COLUMNS,
  lambada_standard: [
    { text: 'the lamp was out again , so ida went down to the cellar to look for a lamp', domain: 'None' },
    { text: 'nobody had seen the ferry , and they waited for the ferry', domain: 'None' },
  ],
  copa: COPA,
  copa_test: COPA,
  storycloze_2016: STORYCLOZE,
  storycloze_2018: STORYCLOZE,
  paralex: [
    { source: 'how deep is the fjord ?', reference: 'what is the depth of the fjord ?' },
    { source: 'how deep is the fjord ?', reference: 'how many metres deep is the fjord ?' },
    { source: 'who built the lighthouse ?', reference: 'by whom was the lighthouse built ?' },
  ],
  arc_easy: ARC,
  arc_challenge: ARC,
  boolq: [
    { passage: 'Gulls -- Gulls eat fish and bread.', question: 'do gulls eat bread', idx: 0, label: 1 },
    { passage: 'Gulls -- Gulls eat fish and bread.', question: 'do gulls eat stones', idx: 1, label: 0 },
  ],
  openbookqa: [
    {
      id: 'invented-1',
      question_stem: 'A candle gives',
      choices: { text: ['light', 'milk', 'rain', 'wool'], label: ['A', 'B', 'C', 'D'] },
      answerKey: 'A',
    },
    {
      id: 'invented-2',
      question_stem: 'Ice is',
      choices: { text: ['hot', 'loud', 'frozen water', 'a metal'], label: ['A', 'B', 'C', 'D'] },
      answerKey: ' C',
    },
  ],
  sciq: [
    {
      question: 'What do bees make?',
      distractor1: 'salt',
      distractor2: 'glass',
      distractor3: 'ink',
      correct_answer: 'honey',
      support: ' Bees make honey.',
    },
    {
      question: 'What is frozen water called?',
      distractor1: 'steam',
      distractor2: 'sand',
      distractor3: 'oil',
      correct_answer: 'ice',
      support: '',
    },
  ],
  mmlu: MMLU,
  mmlu_continuation: MMLU,
  wikitext: [
    { page: ' = Made Up Ferry = \n \n The ferry \'s route is 1 @,@ 200 m long ; it is " slow " . \n ' },
    { page: ' = Harbour = \n \n = = History = = \n \n It was built in N years . \n ' },
  ],
  c4: [{ text: DOCUMENT }, { text: 'Leeks grow well by the sea.\nSo do beans.' }],
  wikitext2_gptq: [{ text: ' = Made Up Ferry = \n' }, { text: '' }, { text: `${DOCUMENT}\n` }],
  c4_gptq: [{ text: DOCUMENT }, { text: DOCUMENT }],
  wikitext2_llamacpp: [{ text: ` = Made Up Ferry = \n \n ${DOCUMENT}\n` }],
};

/** The two COPA rows as the original corpus has them. */
export const COPA_XML = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE copa-corpus SYSTEM "copa.dtd">
<copa-corpus version="1.0">

  <item id="501" asks-for="cause" most-plausible-alternative="1">
    <p>The kettle whistled.</p>
    <a1>The water boiled.</a1>
    <a2>Nils closed the door.</a2>
  </item>

  <item id="502" asks-for="effect" most-plausible-alternative="2">
    <p>Ida lost her key.</p>
    <a1>She baked bread.</a1>
    <a2>She rang the bell.</a2>
  </item>
</copa-corpus>
`;

/** The two StoryCloze rows as the authors hand them out, one field with a line break and one with quotes. */
export const STORYCLOZE_CSV = `InputStoryid,InputSentence1,InputSentence2,InputSentence3,InputSentence4,RandomFifthSentenceQuiz1,RandomFifthSentenceQuiz2,AnswerRightEnding
invented-1,Per built a raft.,"He tied the logs
together.",He pushed it into the lake.,It did not sink.,Per was proud of it.,Per had never seen a log.,1
invented-2,Ida wanted soup.,The pot was empty.,She went to the garden.,She dug up some leeks.,She threw them into the sea.,"She cooked them, ""with salt"".",2
`;
