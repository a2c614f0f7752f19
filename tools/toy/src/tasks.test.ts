import { expect, test } from 'vitest';
import { baselineAccuracy, choiceAccuracy, createBaselines } from './baselines.ts';
import { trainingStories } from './corpus.ts';
import { CORPUS_SEED } from './demo-config.ts';
import { createStories, storyText } from './story.ts';
import {
  createHellaSwag,
  createLambada,
  createUnseenStories,
  DEFAULT_TASK_SEED,
  type HellaSwagRow,
  openingsOf,
} from './tasks.ts';

const training = trainingStories();
const seen = openingsOf(training);
const rows = createHellaSwag({ seen });
const passages = createLambada({ seen });

test('hellaswag rows have the columns of Rowan/hellaswag', () => {
  expect(rows).toHaveLength(300);
  for (const [i, row] of rows.entries()) {
    expect(Object.keys(row)).toEqual(
      'ind activity_label ctx_a ctx_b ctx endings source_id split split_type label'.split(' '),
    );
    expect(row.ind).toBe(i);
    expect(row.label).toMatch(/^[0-3]$/);
    expect(new Set(row.endings).size).toBe(4);
    expect(row.ctx.toLowerCase()).toBe(`${row.ctx_a} ${row.ctx_b}`.toLowerCase());
    for (const ending of row.endings) expect(ending).toMatch(/^[a-z].*\.$/);
  }
});

test('labels are balanced', () => {
  for (const label of '0123') expect(rows.filter((row) => row.label === label)).toHaveLength(75);
});

test('lambada rows end with a word', () => {
  expect(passages).toHaveLength(300);
  for (const row of passages) {
    expect(Object.keys(row)).toEqual(['text']);
    expect(row.text).toMatch(/^[A-Z][A-Za-z,. ]* [A-Za-z]+$/);
  }
});

test('equal seeds give equal rows, different seeds different ones', () => {
  expect(createHellaSwag({ seen })).toEqual(rows);
  expect(createLambada({ seen })).toEqual(passages);
  expect(createHellaSwag({ seen, seed: 5 })[0]).not.toEqual(rows[0]);
});

test('no text of a row occurs in the training stories', () => {
  expect(DEFAULT_TASK_SEED).not.toBe(CORPUS_SEED);
  // a story holds a row only if it holds the row's sentences, so only stories with its second sentence can
  const byEverySentence = new Map<string, string[]>();
  for (const story of training) {
    const text = storyText(story);
    for (const sentence of text.split(/(?<=\.) /)) {
      const list = byEverySentence.get(sentence);
      if (list === undefined) byEverySentence.set(sentence, [text]);
      else list.push(text);
    }
  }
  const occurs = (text: string, sentence: string): boolean =>
    (byEverySentence.get(sentence) ?? []).some((story) => story.includes(text));
  expect(occurs(storyText(training[9]!), storyText(training[9]!).split(/(?<=\.) /)[1]!)).toBe(true);
  for (const text of [...rows.map((row) => row.ctx_a), ...passages.map((row) => row.text)]) {
    expect(occurs(text, text.split(/(?<=\.) /)[1]!)).toBe(false);
  }
});

test('stories that the training text begins like are left out', () => {
  const [first, second] = createUnseenStories(9, 2, new Set());
  expect(createUnseenStories(9, 1, openingsOf([first!]))).toEqual([second]);
});

test('ways to choose without reading the context are near chance', () => {
  const many = createHellaSwag({ seen, items: 1000 });
  const baselines = createBaselines(training.slice(0, 30_000).map(storyText));
  for (const [name, baseline] of Object.entries(baselines)) {
    expect(baselineAccuracy(many, baseline), name).toBeLessThanOrEqual(0.32);
  }
});

test('choosing what was mentioned first or last is not enough', () => {
  const answer = (ending: string): string => ending.replace('.', '').split(' ').at(-1)!;
  const position = (row: HellaSwagRow, ending: string): number => row.ctx_a.lastIndexOf(answer(ending));
  const last = (row: HellaSwagRow): number => {
    const places = row.endings.map((ending) => position(row, ending));
    return places.indexOf(Math.max(...places));
  };
  const first = (row: HellaSwagRow): number => {
    const places = row.endings.map((ending) => position(row, ending) + 1 || 1e6);
    return places.indexOf(Math.min(...places));
  };
  const many = createHellaSwag({ seen, items: 1000 });
  expect(choiceAccuracy(many, last)).toBeLessThanOrEqual(0.45);
  expect(choiceAccuracy(many, first)).toBeLessThanOrEqual(0.45);
});

test('the baselines can learn', () => {
  const stories = createStories(3, 200).map(storyText);
  const baselines = createBaselines(stories);
  expect(baselines.bigram!('was with Anna.')).toBeGreaterThan(baselines.bigram!('with was Anna.'));
});
