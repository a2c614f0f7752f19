/** @file Ways to choose without reading the context. On sound items each is right about as often as guessing. */
import type { Item } from './task-items.ts';

/** Scores a choice; the highest score is chosen, the first of equals. */
export type Baseline = (choice: string) => number;

const words = (text: string): string[] => text.match(/[A-Za-z]+|[^A-Za-z\s]/g) ?? [];
const sum = (list: readonly number[]): number => list.reduce((x, y) => x + y, 0);

/** What tells the choices of an item apart: the continuations, or, where those are equal, the last word of each context. */
export function choicesOf({ requests }: Item): string[] {
  const continuations = requests.map(([, continuation]) => continuation);
  if (new Set(continuations).size > 1) return continuations;
  return requests.map(([context]) => context.slice(context.lastIndexOf(' ') + 1));
}

/** Baselines by name; the ones about words are trained on `texts`. */
export function createBaselines(texts: readonly string[]): Readonly<Record<string, Baseline>> {
  const single = new Map<string, number>();
  const pairs = new Map<string, number>();
  let total = 0;
  const add = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);
  for (const text of texts) {
    const list = words(text);
    total += list.length;
    list.forEach((word, i) => {
      add(single, word);
      if (i > 0) add(pairs, `${list[i - 1]} ${word}`);
    });
  }
  const logFrequency = (word: string): number => Math.log(((single.get(word) ?? 0) + 1) / total);
  const logBigram = (a: string, b: string): number =>
    Math.log(((pairs.get(`${a} ${b}`) ?? 0) + 0.1) / ((single.get(a) ?? 0) + 0.1 * single.size));
  const bigrams = (choice: string): number[] => {
    const list = words(choice);
    return list.slice(1).map((word, i) => logBigram(list[i]!, word));
  };
  return {
    longest: (choice) => choice.length,
    shortest: (choice) => -choice.length,
    'frequent words, sum': (choice) => sum(words(choice).map(logFrequency)),
    'frequent words, mean': (choice) => sum(words(choice).map(logFrequency)) / words(choice).length,
    'rare words': (choice) => -sum(words(choice).map(logFrequency)),
    bigram: (choice) => logFrequency(words(choice)[0]!) + sum(bigrams(choice)),
    'bigram, mean': (choice) => sum(bigrams(choice)) / Math.max(1, bigrams(choice).length),
  };
}

const PASSES = 20;
const RATE = 0.1;

/** A model of the choices alone: logistic regression on their words and word pairs, trained on items with known answers. */
export function trainChoiceOnly(items: readonly Item[]): Baseline {
  const weights = new Map<string, number>();
  const features = (choice: string): string[] => {
    const list = words(choice);
    return [...list, ...list.slice(1).map((word, i) => `${list[i]} ${word}`)];
  };
  const score: Baseline = (choice) => sum(features(choice).map((feature) => weights.get(feature) ?? 0));
  for (let pass = 0; pass < PASSES; pass++) {
    for (const item of items) {
      const choices = choicesOf(item);
      const scores = choices.map(score);
      const most = Math.max(...scores);
      const exps = scores.map((s) => Math.exp(s - most));
      choices.forEach((choice, i) => {
        const error = (i === item.gold ? 1 : 0) - exps[i]! / sum(exps);
        for (const feature of features(choice))
          weights.set(feature, (weights.get(feature) ?? 0) + RATE * error);
      });
    }
  }
  return score;
}

/** Share of items where the baseline chooses right, 0 to 1. */
export function baselineAccuracy(items: readonly Item[], baseline: Baseline): number {
  return choiceAccuracy(items, (item) => {
    const scores = choicesOf(item).map(baseline);
    return scores.indexOf(Math.max(...scores));
  });
}

/** Share of items where `choose` names the right choice, 0 to 1; for baselines that read the context. */
export function choiceAccuracy(items: readonly Item[], choose: (item: Item) => number): number {
  return items.filter((item) => choose(item) === item.gold).length / items.length;
}
