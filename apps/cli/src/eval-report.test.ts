import type { Sample, TaskResult } from '@bitcliff/evals';
import { describe, expect, it } from 'vitest';
import { renderEvalTable, summarize } from './eval-report.ts';

/** Answers to `n` questions of two choices, right where the list says so. */
function task(name: string, right: readonly boolean[], others: Partial<TaskResult> = {}): TaskResult {
  const samples = right.map(
    (correct, index): Sample => ({
      index,
      docHash: `${name} ${index}`,
      contextTokens: [3, 3],
      continuationTokens: [1, 1],
      logProbs: correct ? [-1, -2] : [-2, -1],
      isGreedy: [false, false],
      prediction: correct ? 0 : 1,
      gold: 0,
      correct,
      predictionNorm: 0,
      correctNorm: true,
      margin: 1,
      choiceChars: [1, 1],
      choiceBytes: [1, 1],
      words: 2,
      bytes: 10,
      cluster: null,
    }),
  );
  return {
    task: name,
    version: '1.0',
    headline: 'acc',
    n: right.length,
    truncated: 0,
    continuationsCut: 0,
    nearTies: 0,
    metrics: {
      acc: { value: right.filter(Boolean).length / right.length, stderr: 0.05 },
      acc_norm: { value: 0.99, stderr: null },
    },
    samples,
    ...others,
  };
}

const share = (n: number, of = 100): boolean[] => Array.from({ length: of }, (_, i) => i < n);
const perplexity = (value: number): Partial<TaskResult> => ({
  headline: 'word_perplexity',
  metrics: { word_perplexity: { value, stderr: 0.5 } },
});
const results = [
  { variant: 'baseline', tasks: [task('hellaswag', share(50)), task('lambada_openai', share(25))] },
  { variant: 'w4', tasks: [task('hellaswag', share(40)), task('lambada_openai', share(26))] },
];

describe('the table of an evaluation', () => {
  it('averages headline scores and relative differences over tasks', () => {
    const [baseline, w4] = summarize(results);
    expect(baseline).toEqual({
      variant: 'baseline',
      average: 37.5,
      averagePercentDifference: null,
      differenceOfAverages: null,
      comparison: null,
    });
    expect(w4!.average).toBeCloseTo(33, 10);
    expect(w4!.averagePercentDifference).toBeCloseTo((-20 + 4) / 2, 10);
    expect(w4!.differenceOfAverages).toBeCloseTo(-4.5, 10);
    expect(w4!.comparison!.tasks.map(({ isSignificant }) => isSignificant)).toEqual([true, false]);
  });

  it('prints a row per task and a column per variant, stars and what cannot be resolved', () => {
    expect(renderEvalTable(results)).toBe(
      [
        'task                               baseline             w4',
        '─────────────────────────────  ─────────────  ─────────────',
        'hellaswag (acc, n = 100)       50.00 ± 5.00   40.00 ± 5.00*',
        '  acc_norm                            99.00          99.00',
        'lambada_openai (acc, n = 100)  25.00 ± 5.00   26.00 ± 5.00',
        '  acc_norm                            99.00          99.00',
        '─────────────────────────────  ─────────────  ─────────────',
        'average                               37.50          33.00',
        'average % difference                      –          -8.00',
        'difference of averages                    –          -4.50',
        "* differs from the baseline: exact McNemar test or paired bootstrap, p ≤ 0.05 after Holm's correction over the tasks",
        'w4: lambada_openai cannot resolve +1.00 points; its 100 items find 2.80 points in 80 % of experiments',
        '',
      ].join('\n'),
    );
  });

  it('prints perplexities as they are and keeps them out of the averages', () => {
    const both = [
      { variant: 'baseline', tasks: [task('a', share(50)), task('wikitext', share(2, 4), perplexity(20.5))] },
      { variant: 'w4', tasks: [task('a', share(50)), task('wikitext', share(2, 4), perplexity(123456))] },
    ];
    expect(renderEvalTable(both)).toMatch(
      /^wikitext \(word_perplexity, n = 4\) +20\.50 ± 0\.50 +1\.23e\+5 ± 0\.50$/m,
    );
    expect(summarize(both).map(({ average }) => average)).toEqual([50, 50]);
    const texts = both.map(({ variant, tasks }) => ({ variant, tasks: tasks.slice(1) }));
    expect(summarize(texts)[1]).toMatchObject({ average: null, differenceOfAverages: null });
    expect(renderEvalTable(texts)).toMatch(/^average +– +–$/m);
  });

  it('gives no relative difference where a baseline score is 0', () => {
    const zero = [
      { variant: 'baseline', tasks: [task('a', share(0))] },
      { variant: 'w4', tasks: [task('a', share(10))] },
    ];
    expect(summarize(zero)[1]!.averagePercentDifference).toBeNull();
    expect(renderEvalTable(zero)).toContain('+10.00');
  });
});
