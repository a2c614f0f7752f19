/** @file Ways to choose an ending without reading the context. On sound rows each is right about once in four. */
import type { HellaSwagRow } from './tasks.ts';

/** Scores an ending; the highest score is chosen, the first of equals. */
export type Baseline = (ending: string) => number;

const words = (text: string): string[] => text.match(/[A-Za-z]+|[^A-Za-z\s]/g) ?? [];

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
  const sum = (list: readonly number[]): number => list.reduce((x, y) => x + y, 0);
  return {
    longest: (ending) => ending.length,
    shortest: (ending) => -ending.length,
    'frequent words, sum': (ending) => sum(words(ending).map(logFrequency)),
    'frequent words, mean': (ending) => sum(words(ending).map(logFrequency)) / words(ending).length,
    'rare words': (ending) => -sum(words(ending).map(logFrequency)),
    bigram: (ending) => {
      const list = words(ending);
      return logFrequency(list[0]!) + sum(list.slice(1).map((word, i) => logBigram(list[i]!, word)));
    },
    'bigram, mean': (ending) => {
      const list = words(ending);
      return sum(list.slice(1).map((word, i) => logBigram(list[i]!, word))) / list.length;
    },
  };
}

/** Share of rows where the baseline chooses the right ending, 0 to 1. */
export function baselineAccuracy(rows: readonly HellaSwagRow[], baseline: Baseline): number {
  const right = rows.filter((row) => {
    const scores = row.endings.map(baseline);
    return scores.indexOf(Math.max(...scores)) === Number(row.label);
  });
  return right.length / rows.length;
}

/** Share of rows where `choose` names the right ending, 0 to 1; for baselines that read the context. */
export function choiceAccuracy(rows: readonly HellaSwagRow[], choose: (row: HellaSwagRow) => number): number {
  return rows.filter((row) => choose(row) === Number(row.label)).length / rows.length;
}
