import type { RecordKind, RecordTypes, Stored, StudyRecords } from '@bitcliff/study';
import { describe, expect, it } from 'vitest';
import { buildReport } from '../src/index.ts';
import { createFixtureStudy, type FixtureOptions } from './fixture-study.ts';

const small: FixtureOptions = { layers: 2, items: 20, steps: [500, 1000, 2000, 4000, 8000], others: 1 };

type Change = {
  [Kind in RecordKind]?: (record: Stored<RecordTypes[Kind]>) => Stored<RecordTypes[Kind]> | null;
};

/** The fixture with some records changed or, for `null`, left out. */
function changed(change: Change, options: FixtureOptions = {}): StudyRecords {
  const study = createFixtureStudy({ ...small, ...options });
  return {
    ...study,
    records: (kind) => {
      const edit = change[kind] as ((record: unknown) => unknown) | undefined;
      const records = study.records(kind);
      return edit === undefined ? records : (records.map(edit).filter((record) => record !== null) as never);
    },
  };
}

const sentences = (study: StudyRecords, rule: string): string[] =>
  buildReport(study)
    .answer.filter((sentence) => sentence.rule === rule)
    .map(({ text }) => text);

/** Comparisons whose tasks are all as given, and whose averages differ by 0.1 points less or as given. */
const tasksAs = (
  task: Partial<Stored<RecordTypes['comparison']>['tasks'][number]>,
  difference = -0.001,
): Change => ({
  comparison: (record) => ({
    ...record,
    tasks: record.tasks.map((own) => ({ ...own, isSignificant: false, isUnresolved: false, ...task })),
    average: { before: 0.6, after: 0.6 + difference, difference, stderr: 0.01, percentDifference: 0 },
  }),
});

describe('what is lost', () => {
  it('says which variant loses nothing measurable, fewest bits first, and what may hide', () => {
    const found = sentences(changed(tasksAs({ metric: 'acc', detectable: 0.02 })), 'nothingMeasurable');
    expect(found).toHaveLength(2);
    expect(found[0]).toBe(
      'rtn-w3g128 (3.25 bits a weight) loses nothing measurable: on 3 tasks of 6 checkpoints, no task is significantly worse than the baseline (paired tests, Holm, 5 %), and the average differs by -0.10 points (95 %: -0.90 to +0.70). A smaller loss may exist: the smallest difference that the items find in 80 % of experiments is 2.00 points, depending on the task.',
    );
    expect(found[1]).toMatch(/^The same holds for awq-w4g128 @c4 \(4.25 bits a weight\), /);
  });

  it('does not call a significant loss nothing, nor a significant gain a loss', () => {
    const loss = changed(tasksAs({ isSignificant: true, difference: -0.1, higherIsBetter: true }));
    expect(sentences(loss, 'nothingMeasurable')).toEqual([]);
    expect(sentences(loss, 'losesWhere')).toHaveLength(5);
    const gain = changed(tasksAs({ isSignificant: true, difference: 0.1, higherIsBetter: true }));
    expect(sentences(gain, 'nothingMeasurable')).toHaveLength(2);
    expect(sentences(gain, 'losesWhere')).toEqual([]);
    const worse = changed(
      tasksAs({ isSignificant: true, difference: 3, higherIsBetter: false, metric: 'perplexity' }),
    );
    expect(sentences(worse, 'losesWhere')).toHaveLength(5);
  });

  it('does not call nothing what is lost on average', () => {
    const study = changed(tasksAs({}, -0.05));
    expect(sentences(study, 'nothingMeasurable')).toEqual([]);
    expect(sentences(study, 'losesWhere')[0]).toBe(
      // six checkpoints with a standard error of 1 point each
      'rtn-w3g128 (3.25 bits a weight) loses on average, though on 3 tasks of 6 checkpoints no single one is significantly worse. On average over tasks the difference is -5.00 points (95 %: -5.80 to -4.20).',
    );
  });

  it('names the task, the size and the interval of a loss', () => {
    const study = changed(
      {
        comparison: (record) =>
          record.checkpoint !== 'control-500' || record.variant !== 'w8a8'
            ? null
            : {
                ...record,
                tasks: record.tasks.map((task, t) => ({
                  ...task,
                  ...(t === 0
                    ? {
                        isSignificant: true,
                        difference: -0.052,
                        confidence95: [-0.07, -0.034] as const,
                        pHolm: 0.0123,
                        higherIsBetter: true,
                        metric: 'acc',
                      }
                    : { isSignificant: false }),
                })),
              },
      },
      {},
    );
    expect(sentences(study, 'losesWhere')).toEqual([
      'w8a8 (8.25 bits a weight) loses on 1 of 3 paired tests: hellaswag -5.20 points (95 %: -7.00 to -3.40, p = 0.012). On average over tasks the difference is -2.50 points (95 %: -7.40 to +2.40).',
    ]);
  });

  it('says how many items a task would need to tell', () => {
    const study = changed(tasksAs({ isUnresolved: true, metric: 'acc', detectable: 0.05, n: 200 }));
    // n · (5 points / 1 point)² = 200 · 25
    expect(sentences(study, 'cannotTell')[0]).toContain('hellaswag about 5,000 (it has 200)');
    expect(sentences(changed(tasksAs({ isUnresolved: false })), 'cannotTell')).toEqual([]);
  });

  it('says that nothing can be told without comparisons, and why', () => {
    const why = (kinds: readonly RecordKind[], options: FixtureOptions = {}): string =>
      sentences(createFixtureStudy({ ...small, ...options, kinds }), 'noComparison')[0]!;
    expect(why(['checkpoint', 'variant'])).toMatch(
      /no task was scored\. When 5 % of the answers change, 3,917 items find/,
    );
    expect(why(['checkpoint', 'variant', 'task'])).toContain('no variant was compared');
    expect(why(['checkpoint', 'variant', 'task'], { recipes: [] })).toContain('no quantized variant');
    expect(sentences(createFixtureStudy(small), 'noComparison')).toEqual([]);
  });
});

describe('where it is lost', () => {
  it('names the most sensitive part and role', () => {
    const study = changed({
      sensitivity: (record) => ({
        ...record,
        deltaNll:
          record.checkpoint === 'control-500' &&
          record.layer === 1 &&
          record.role === 'attn.out' &&
          record.recipe === 'w8a8'
            ? 7
            : record.role === 'mlp.up'
              ? 0.2
              : 0.1,
      }),
    });
    const [part, role] = sentences(study, 'mostSensitive');
    expect(part).toBe(
      'The most sensitive part is layer 1, attn.out of control-500: w8a8 there alone adds 7 nats per token.',
    );
    expect(role).toBe(
      'Summed over layers, mlp.up costs the most in 23 of 24 pairs of checkpoint and recipe.',
    );
    expect(
      sentences(changed({ sensitivity: (record) => ({ ...record, deltaNll: -0.1 }) }), 'mostSensitive'),
    ).toEqual([]);
  });

  it('says what keeping attn.qkv brings, or that it brings nothing', () => {
    const loss = (kept: number) =>
      changed({
        loss: (record) => ({
          ...record,
          deltaNll:
            record.variant === 'rtn-w3g128'
              ? 0.3
              : record.variant === 'rtn-w3g128+qkv8'
                ? kept
                : record.deltaNll,
        }),
      });
    expect(sentences(loss(0.2), 'remedy')).toEqual([
      'Keeping attn.qkv at 8 bits for 1.25 bits a weight more lowers the loss that rtn-w3g128 adds in 6 of 6 checkpoints; in other-1 from 0.3 to 0.2 nats per token.',
    ]);
    expect(sentences(loss(0.4), 'remedy')[0]).toContain(
      'lowers the loss that rtn-w3g128 adds in 0 of 6 checkpoints',
    );
    expect(sentences(createFixtureStudy({ ...small, recipes: ['rtn-w3g128', 'w8a8'] }), 'remedy')).toEqual(
      [],
    );
  });

  it('says where outlier dimensions are, or that there are none', () => {
    expect(sentences(createFixtureStudy(small), 'outlierDimensions')[0]).toMatch(
      /^Outlier dimensions: control-500 has 1 by \|a\| > 6 \(7, at 40 % of the sequence and in 50 % of layers\)/,
    );
    const none = changed({
      outlier: (record) => ({ ...record, dimensions: [], tokenFraction: null, layerFraction: null }),
    });
    expect(sentences(none, 'outlierDimensions')).toEqual([
      'No outlier dimensions by |a| > 6 and |a| > 4 σ + μ of the token in 6 checkpoints.',
    ]);
  });

  it('compares with noise', () => {
    const noise = (quantization: number) =>
      sentences(
        changed({
          noise: (record) => ({
            ...record,
            deltaNll: record.perturbation === 'quantization' ? quantization : record.seed === 0 ? 0.1 : 0.2,
          }),
        }),
        'againstNoise',
      )[0];
    expect(noise(0.3)).toBe(
      'Against random noise of equal norm in every matrix, the error of the weights of other-1 adds more loss under rtn-w3g128 (+0.3, noise +0.1 to +0.2), in nats per token.',
    );
    expect(noise(0.15)).toContain('adds about as much loss under rtn-w3g128');
    expect(noise(0.05)).toContain('adds less loss under rtn-w3g128');
  });

  it('names the recipe that depends most on its calibration set', () => {
    const study = changed({
      loss: (record) => ({
        ...record,
        nll:
          record.variant === 'awq-w4g128 @noise' && record.checkpoint === 'control-1000'
            ? Math.log(20)
            : Math.log(10),
      }),
    });
    expect(sentences(study, 'calibrationSets')).toEqual([
      'The calibration set matters most for awq-w4g128 on control-1000: perplexity on stories from 10 (c4) to 20 (noise) over 2 sets.',
    ]);
  });
});

describe('what training does', () => {
  const losses = (values: Readonly<Record<number, number>>): StudyRecords =>
    changed(
      {
        loss: (record) => ({
          ...record,
          deltaNll:
            record.variant === 'w8a8'
              ? (values[record.step!] ?? 0)
              : record.variant === 'baseline'
                ? 0
                : 0.01,
        }),
      },
      { others: 0 },
    );

  it('tests whether the added loss grows with the step', () => {
    const [grows] = sentences(
      losses({ 500: 0.1, 1000: 0.2, 2000: 0.3, 4000: 0.4, 8000: 0.5 }),
      'lossAlongTraining',
    );
    expect(grows).toBe(
      'The loss that w8a8 adds on stories grows along training: 0.1 nats per token at step 500, 0.5 at step 8000 (rank correlation +1.00, exact p = 0.017, 5 checkpoints).',
    );
    const [noise] = sentences(
      losses({ 500: 0.1, 1000: 0.5, 2000: 0.05, 4000: 0.4, 8000: 0.3 }),
      'lossAlongTraining',
    );
    expect(noise).toMatch(/has no proven trend along training: .*\(rank correlation 0\.00, exact p = 1\.000/);
  });

  it('does not test a trend of two checkpoints', () => {
    const study = createFixtureStudy({ ...small, steps: [500, 8000], others: 0 });
    expect(sentences(study, 'lossAlongTraining')[0]).toContain('2 checkpoints are too few to test a trend');
  });

  it('says that step and learning rate cannot be told apart where both go together', () => {
    expect(sentences(createFixtureStudy(small), 'learningRate').at(-1)).toContain('cannot be told apart');
    const rates = [0.1, 0.3, 0.2, 0.3, 0.1];
    const study = changed({
      checkpoint: (record) => ({
        ...record,
        metadata: {
          ...record.metadata,
          learningRate: rates[[500, 1000, 2000, 4000, 8000].indexOf(record.metadata.step!)]!,
        },
      }),
    });
    expect(sentences(study, 'learningRate').join()).not.toContain('cannot be told apart');
  });

  it('says under which pretraining a variant loses more, only where that is more than chance', () => {
    const average = (stderr: number): StudyRecords =>
      changed(
        {
          comparison: (record) => ({
            ...record,
            average: {
              before: 0.6,
              after: 0.5,
              difference: record.checkpoint === 'other-1' && record.variant === 'w8a8' ? -0.1 : -0.01,
              stderr,
              percentDifference: -2,
            },
          }),
        },
        { others: 2 },
      );
    const found = sentences(average(0.001), 'pretraining');
    expect(found[0]).toBe(
      'Under w8a8, checkpoints at step 8000 with weight decay 0.001 lose more than with 0.1: -10.00 against -1.00 points, 9.00 ± 0.14 apart.',
    );
    expect(sentences(average(0.1), 'pretraining')).toEqual([]);
  });

  it('compares checkpoints at one step alone', () => {
    // early steps lose much more, and all of them have weight decay 0.1: that says nothing of weight decay
    const study = changed({
      comparison: (record) => {
        const difference = /-(500|1000|2000|4000)$/.test(record.checkpoint) ? -0.3 : -0.1;
        return {
          ...record,
          average: { before: 0.6, after: 0.5, difference, stderr: 0.001, percentDifference: -2 },
        };
      },
    });
    expect(sentences(study, 'pretraining')).toEqual([]);
  });

  it('says when axes change together', () => {
    const study = changed(
      {
        checkpoint: (record) => ({
          ...record,
          metadata: {
            ...record.metadata,
            labels: { dtype: record.metadata.weightDecay === 0.1 ? 'bf16' : 'fp16' },
          },
        }),
        comparison: (record) => ({
          ...record,
          average: {
            before: 0.6,
            after: 0.5,
            difference: record.checkpoint === 'other-1' ? -0.1 : -0.01,
            stderr: 0.001,
            percentDifference: -2,
          },
        }),
      },
      {},
    );
    expect(sentences(study, 'pretraining')[0]).toMatch(/; but weight decay changes together with dtype\.$/);
  });

  it('names the role whose error grows most', () => {
    const study = changed({
      activationError: (record) => ({
        ...record,
        relative: record.role === 'mlp.down' ? 0.01 * Math.sqrt(record.step!) : 0.1,
      }),
    });
    expect(sentences(study, 'roleErrors')[0]).toMatch(
      /^Under rtn-w3g128, the error of outputs grows most in mlp\.down: from 22\.36 % of the norm at step 500 to 89\.44 % at step 8000/,
    );
  });
});

describe('what is missing', () => {
  it('is said first', () => {
    const study = createFixtureStudy({
      ...small,
      progress: { done: 30, total: 40 },
      failures: [{ job: 'piqa of control', error: 'x' }],
    });
    const { answer } = buildReport(study);
    expect(answer.slice(0, 2).map(({ text }) => text)).toEqual([
      'The study is not complete: 30 of 40 runs are done. What follows is about these alone.',
      '1 run failed: piqa of control.',
    ]);
    expect(sentences(createFixtureStudy(small), 'missing')).toEqual([]);
  });
});
