import type { TaskResult } from '@bitcliff/evals';
import { describe, expect, it } from 'vitest';
import { renderEvalTable, summarize } from './eval-report.ts';

const task = (name: string, value: number): TaskResult => ({
  task: name,
  version: '1.0',
  headline: 'acc',
  n: 100,
  truncated: 0,
  nearTies: 0,
  metrics: { acc: { value, stderr: 0.05 }, acc_norm: { value: 0.99, stderr: null } },
  samples: [],
});

const results = [
  { variant: 'baseline', tasks: [task('hellaswag', 0.5), task('lambada_openai', 0.25)] },
  { variant: 'w4', tasks: [task('hellaswag', 0.4), task('lambada_openai', 0.26)] },
];

describe('the table of an evaluation', () => {
  it('averages headline scores and relative differences over tasks', () => {
    const [baseline, w4] = summarize(results);
    expect(baseline).toEqual({
      variant: 'baseline',
      average: 37.5,
      averagePercentDifference: null,
      differenceOfAverages: null,
    });
    expect(w4!.average).toBeCloseTo(33, 10);
    expect(w4!.averagePercentDifference).toBeCloseTo((-20 + 4) / 2, 10);
    expect(w4!.differenceOfAverages).toBeCloseTo(-4.5, 10);
  });

  it('prints a row per task and a column per variant', () => {
    expect(renderEvalTable(results)).toBe(
      [
        'task                               baseline            w4',
        '─────────────────────────────  ────────────  ────────────',
        'hellaswag (acc, n = 100)       50.00 ± 5.00  40.00 ± 5.00',
        'lambada_openai (acc, n = 100)  25.00 ± 5.00  26.00 ± 5.00',
        '─────────────────────────────  ────────────  ────────────',
        'average                               37.50         33.00',
        'average % difference                      –         -8.00',
        'difference of averages                    –         -4.50',
        '',
      ].join('\n'),
    );
  });

  it('gives no relative difference where a baseline score is 0', () => {
    const zero = [
      { variant: 'baseline', tasks: [task('a', 0)] },
      { variant: 'w4', tasks: [task('a', 0.1)] },
    ];
    expect(summarize(zero)[1]!.averagePercentDifference).toBeNull();
    expect(renderEvalTable(zero)).toContain('+10.00');
  });
});
