/** @file Perplexity and mean accuracy by method and calibration set (arXiv 2405.20835), with the spread over sets. */
import { fewPanels } from '../figures/few-panels.ts';
import { seriesPanel } from '../figures/series-panel.ts';
import type { Figure, Panel, Section, Table } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber, percent } from '../view/format-number.ts';
import { groupBy, indexBy } from '../view/index-by.ts';
import { interval, meanScores } from '../view/mean-score.ts';
import { type RecordOf, recipeName, type StudyView } from '../view/study-view.ts';

/** A recipe calibrated on one set. */
export interface Calibrated {
  readonly checkpoint: string;
  readonly variant: string;
  readonly recipe: string;
  readonly set: string;
}

/** Variants of recipes that were calibrated on at least two sets. */
export function calibratedVariants(view: StudyView): Calibrated[] {
  const all = view.records('variant').flatMap((record) => {
    const { checkpoint, variant, calibration } = record;
    const recipe = recipeName(record);
    return recipe === null || calibration === null ? [] : [{ checkpoint, variant, recipe, set: calibration }];
  });
  const sets = groupBy(all, ({ checkpoint, recipe }) => JSON.stringify([checkpoint, recipe]));
  return all.filter(({ checkpoint, recipe }) => sets.get(JSON.stringify([checkpoint, recipe]))!.length > 1);
}

/** When a recipe was calibrated on several sets. */
export function calibrationSection(view: StudyView): Section | null {
  const variants = calibratedVariants(view);
  const losses = groupBy(view.records('loss'), ({ checkpoint, variant }) =>
    JSON.stringify([checkpoint, variant]),
  );
  const score = indexBy(meanScores(view), ({ checkpoint, variant }) => [checkpoint, variant]);
  const rows = variants.map((own) => ({
    own,
    losses: losses.get(JSON.stringify([own.checkpoint, own.variant])) ?? [],
    score: score(own.checkpoint, own.variant),
  }));
  const told = rows.filter((row) => row.losses.length > 0 || row.score !== undefined);
  if (told.length === 0) return null;
  return {
    id: 'calibration',
    title: 'Does the calibration set matter?',
    text: 'The same recipe, calibrated on different sets.',
    figures: figure(view, told),
    tables: [table(told), ...spreadTables(told)],
  };
}

interface Row {
  readonly own: Calibrated;
  readonly losses: readonly RecordOf<'loss'>[];
  readonly score: ReturnType<typeof meanScores>[number] | undefined;
}

function figure(view: StudyView, rows: readonly Row[]): Figure[] {
  const legend = view.recipeLegend(rows.map(({ own }) => own.recipe));
  const { shown, note } = fewPanels([...groupBy(rows, ({ own }) => own.checkpoint)], 'checkpoints', 4);
  const x = { title: 'calibration set', scale: 'category' } as const;
  const panels = shown.flatMap(([checkpoint, own]): Panel[] => {
    const texts = [...new Set(own.flatMap(({ losses }) => losses.map(({ text }) => text)))];
    const perplexities = texts.map((text) =>
      seriesPanel(
        own.flatMap(({ own: { recipe, set }, losses }) =>
          losses.flatMap((loss) =>
            loss.text === text
              ? [
                  {
                    x: set,
                    y: Math.exp(loss.nll),
                    series: recipe,
                    tip: `${recipe} on ${set}: perplexity ${formatNumber(Math.exp(loss.nll))}`,
                  },
                ]
              : [],
          ),
        ),
        { title: `${checkpoint}: perplexity on ${text}`, x, y: { title: 'perplexity' }, legend },
      ),
    );
    const scores = own.flatMap(({ own: { recipe, set }, score }) => {
      if (score === undefined) return [];
      const { low, high } = interval(score.value, score.stderr);
      const ends = low === undefined || high === undefined ? {} : { low: 100 * low, high: 100 * high };
      return [
        {
          x: set,
          y: 100 * score.value,
          ...ends,
          series: recipe,
          tip: `${recipe} on ${set}: ${formatNumber(100 * score.value, 2)} %`,
        },
      ];
    });
    return [
      ...perplexities,
      ...(scores.length === 0
        ? []
        : [
            seriesPanel(scores, {
              title: `${checkpoint}: mean accuracy`,
              x,
              y: { title: 'mean accuracy, %' },
              legend,
            }),
          ]),
    ];
  });
  return [
    {
      id: 'calibration',
      title: 'Results by calibration set',
      caption: `Bars: 95 % intervals over items.${note}`,
      panels,
      legend,
    },
  ];
}

function table(rows: readonly Row[]): Table {
  const texts = [...new Set(rows.flatMap(({ losses }) => losses.map(({ text }) => text)))];
  return {
    id: 'calibration',
    title: 'Results by calibration set',
    columns: [
      ...['checkpoint', 'recipe', 'calibration set', ...texts.map((text) => `perplexity on ${text}`)].map(
        (label) => ({ label }),
      ),
      { label: 'mean accuracy (%)', decimals: 2 },
    ],
    rows: rows.map(({ own, losses, score }) => [
      cell(own.checkpoint),
      cell(own.recipe),
      cell(own.set),
      ...texts.map((text) => {
        const loss = losses.find((record) => record.text === text);
        return cell(loss && Math.exp(loss.nll), loss ?? []);
      }),
      cell(score && percent(score.value), score?.from ?? [], {
        stderr: score?.stderr == null ? null : percent(score.stderr),
      }),
    ]),
    notes: ['Perplexity of a token: exp of the mean loss.'],
  };
}

/** Over sets: smallest, largest and standard deviation. */
function spreadTables(rows: readonly Row[]): Table[] {
  const spreads = [
    ...groupBy(rows, ({ own }) => JSON.stringify([own.checkpoint, own.recipe])).values(),
  ].flatMap((group) => {
    const { checkpoint, recipe } = group[0]!.own;
    const losses = groupBy(
      group.flatMap((row) => row.losses),
      ({ text }) => text,
    );
    const scores = group.flatMap(({ score }) => score ?? []);
    return [
      ...[...losses].map(([text, records]) => ({
        ...{ checkpoint, recipe, quantity: `perplexity on ${text}` },
        ...{ values: records.map(({ nll }) => Math.exp(nll)), from: records },
      })),
      {
        ...{ checkpoint, recipe, quantity: 'mean accuracy (%)' },
        ...{ values: scores.map(({ value }) => percent(value)), from: scores.flatMap(({ from }) => from) },
      },
    ];
  });
  const several = spreads.filter(({ values }) => values.length > 1);
  if (several.length === 0) return [];
  return [
    {
      id: 'calibration-spread',
      title: 'Spread over calibration sets',
      columns: ['checkpoint', 'recipe', 'quantity', 'sets', 'smallest', 'largest', 'standard deviation'].map(
        (label) => ({ label }),
      ),
      rows: several.map(({ checkpoint, recipe, quantity, values, from }) => [
        cell(checkpoint),
        cell(recipe),
        cell(quantity),
        cell(values.length, from),
        cell(Math.min(...values), from),
        cell(Math.max(...values), from),
        cell(deviation(values), from),
      ]),
      notes: ['Standard deviation of a sample, divided by n − 1.'],
    },
  ];
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
