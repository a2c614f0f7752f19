import { describe, expect, test } from 'vitest';
import { baselineAccuracy, choiceAccuracy, createBaselines, trainChoiceOnly } from './baselines.ts';
import { createTexts } from './corpus.ts';
import { CORPUS_SEED, CORPUS_TEXTS } from './demo-config.ts';
import { type Item, TASK_ITEMS } from './task-items.ts';
import { DEFAULT_ITEMS, DEFAULT_TASK_SEED, TASKS } from './tasks/index.ts';

const training = createTexts(CORPUS_SEED, CORPUS_TEXTS, false);
const baselines = createBaselines(training.slice(0, 20_000));

const COLUMNS: Readonly<Record<string, string>> = {
  copa: 'premise choice1 choice2 question idx label',
  copa_test: 'premise choice1 choice2 question idx label',
  hellaswag: 'ind activity_label ctx_a ctx_b ctx endings source_id split split_type label',
  lambada_openai: 'text',
  paralex: 'source reference',
  piqa: 'goal sol1 sol2 label',
  storycloze_2016:
    'story_id input_sentence_1 input_sentence_2 input_sentence_3 input_sentence_4 sentence_quiz1 sentence_quiz2 answer_right_ending',
  winogrande: 'sentence option1 option2 answer',
};

/** The text of a row with its right answer, as far as it is one piece of running text. */
function rightText({ requests, gold }: Item): string {
  const [context, continuation] = requests[gold ?? 0]!;
  return context + continuation;
}

test('the default seed is not that of the training text', () => {
  expect(DEFAULT_TASK_SEED).not.toBe(CORPUS_SEED);
});

describe.each(Object.keys(COLUMNS))('%s', (task) => {
  const rows = TASKS[task]!(DEFAULT_TASK_SEED, DEFAULT_ITEMS);
  const items = TASK_ITEMS[task]!(DEFAULT_TASK_SEED, DEFAULT_ITEMS);

  test('has 500 different rows with the columns of the public data', () => {
    expect(rows).toHaveLength(500);
    expect(
      new Set(rows.map((row) => JSON.stringify({ ...row, idx: 0, ind: 0, source_id: '', story_id: '' })))
        .size,
    ).toBe(500);
    for (const row of rows) {
      expect(Object.keys(row).join(' ')).toBe(COLUMNS[task]);
      for (const value of Object.values(row).flat()) expect(value).not.toBe('');
    }
  });

  test('equal seeds give equal rows, other seeds others', () => {
    expect(TASKS[task]!(DEFAULT_TASK_SEED, 20)).toEqual(TASKS[task]!(DEFAULT_TASK_SEED, 20));
    expect(TASKS[task]!(DEFAULT_TASK_SEED + 1, 1)).not.toEqual(rows.slice(0, 1));
  });

  test('no row stands in the training text', () => {
    const all = training.join('\n\n').replaceAll('  ', ' ');
    const stands = (item: Item): boolean =>
      all.includes(rightText(item).replaceAll('  ', ' ').replace(/\.$/, ''));
    const seen: Item = { requests: [[training[9]!.slice(0, -5), training[9]!.slice(-5)]], gold: undefined };
    expect(stands(seen)).toBe(true);
    // the heading, which half of the stories have, would hide a repetition
    const bare = items.map((item): Item => {
      const requests = item.requests.map(([a, b]): [string, string] => [
        a.replace(/^[A-Z][a-z ]+: (?=[A-Z])/, ''),
        b,
      ]);
      return task === 'hellaswag' ? { ...item, requests } : item;
    });
    expect(bare.filter(stands).map(rightText)).toEqual([]);
  });

  if (items[0]!.gold !== undefined) {
    const choices = items[0]!.requests.length;
    const many = TASK_ITEMS[task]!(DEFAULT_TASK_SEED + 500, 1000);

    test('labels are balanced', () => {
      for (let label = 0; label < choices; label++) {
        expect(items.filter((item) => item.gold === label)).toHaveLength(500 / choices);
      }
    });

    // four standard errors of 1000 guesses
    const most = 1 / choices + 4 * Math.sqrt((1 / choices) * (1 - 1 / choices) * (1 / 1000));

    test.each(Object.entries(baselines))('"%s" is near chance', (_, baseline) => {
      expect(baselineAccuracy(many, baseline)).toBeLessThan(most);
    });

    test('a model of the choices alone, trained on 2000 other items, is near chance', () => {
      const others = TASK_ITEMS[task]!(DEFAULT_TASK_SEED + 1000, 2000);
      const choiceOnly = trainChoiceOnly(others);
      expect(baselineAccuracy(many, choiceOnly)).toBeLessThan(most);
    });
  }
});

test.each(['hellaswag', 'storycloze_2016'])(
  '%s: choosing what was mentioned first or last is not enough',
  (task) => {
    const items = TASK_ITEMS[task]!(DEFAULT_TASK_SEED, 1000);
    const answer = (text: string): string => text.replace('.', '').split(' ').at(-1)!;
    const places = ({ requests }: Item, find: 'indexOf' | 'lastIndexOf'): number[] =>
      requests.map(([context, ending]) => context[find](answer(ending)));
    const last = (item: Item): number => {
      const at = places(item, 'lastIndexOf');
      return at.indexOf(Math.max(...at));
    };
    const first = (item: Item): number => {
      const at = places(item, 'indexOf').map((place) => (place === -1 ? 1e6 : place));
      return at.indexOf(Math.min(...at));
    };
    for (const choose of [first, last]) expect(choiceAccuracy(items, choose)).toBeLessThan(0.75);
  },
);

test('the baselines can learn', () => {
  expect(baselines.bigram!('was with Anna.')).toBeGreaterThan(baselines.bigram!('with was Anna.'));
  const easy = Array.from({ length: 40 }, (_, i): Item => {
    const requests: [string, string][] =
      i % 2 === 0
        ? [
            ['', 'yes'],
            ['', 'no'],
          ]
        : [
            ['', 'no'],
            ['', 'yes'],
          ];
    return { requests, gold: i % 2 };
  });
  expect(baselineAccuracy(easy, trainChoiceOnly(easy))).toBe(1);
});
