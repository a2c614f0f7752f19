/** @file What accuracy hides: flipped answers, the divergence of choices and of next-token distributions, calibration. */
import { seriesPanel } from '../figures/series-panel.ts';
import type { Figure, Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber, formatSigned, percent } from '../view/format-number.ts';
import { indexBy } from '../view/index-by.ts';
import type { RecordOf, StudyView } from '../view/study-view.ts';

const share = (value: number | null | undefined): number | null => (value == null ? null : percent(value));

/** KL divergence and flips beside accuracy. */
export function divergenceSection(view: StudyView): Section | null {
  const task = indexBy(view.records('task'), (record) => [record.checkpoint, record.variant, record.task]);
  const rows = view.records('comparison').flatMap((comparison) =>
    comparison.tasks.map((own) => {
      const record = task(comparison.checkpoint, comparison.variant, own.task);
      return { comparison, own, record, tokens: record?.divergence ?? null };
    }),
  );
  const told = rows.filter(
    ({ own, tokens }) => own.flips !== null || own.choiceDivergence !== null || tokens !== null,
  );
  if (told.length === 0) return null;
  return {
    id: 'divergence',
    title: 'What accuracy hides',
    text: 'Answers that changed and distributions that moved, beside the difference of the score. An accuracy can stay while right answers become wrong and wrong ones right.',
    figures: figures(view, told),
    tables: [
      {
        id: 'divergence',
        title: 'Flips and divergence',
        columns: [
          ...['checkpoint', 'variant', 'task'].map((label) => ({ label })),
          { label: 'difference (points)', decimals: 2 },
          ...['right to wrong', 'wrong to right'].map((label) => ({ label })),
          ...['flips (%)', 'all changed answers (%)'].map((label) => ({ label, decimals: 2 })),
          ...['choice KL (nats)', 'token KL (nats)'].map((label) => ({ label })),
          { label: 'same top token (%)', decimals: 2 },
          { label: 'calibration error before (%)', decimals: 2 },
          { label: 'after (%)', decimals: 2 },
        ],
        rows: told.map(({ comparison, own, record, tokens }) => [
          cell(comparison.checkpoint),
          cell(comparison.variant),
          cell(own.task),
          cell(own.higherIsBetter ? percent(own.difference) : null, comparison),
          cell(own.flips?.correctToIncorrect, comparison),
          cell(own.flips?.incorrectToCorrect, comparison),
          cell(share(own.flips?.share), comparison),
          cell(share(own.flips?.allShare), comparison),
          cell(own.choiceDivergence, comparison),
          cell(tokens?.kl.value, record ?? [], { stderr: tokens?.kl.stderr ?? null }),
          cell(share(tokens?.sameTop.value), record ?? []),
          cell(share(own.calibrationError?.before), comparison),
          cell(share(own.calibrationError?.after), comparison),
        ]),
        notes: [
          'Flips: items right before and wrong after, or the reverse. All changed answers: wrong to another wrong one included.',
          'Choice KL: KL(baseline ‖ variant) of the probabilities of the choices. Token KL: of the next token, over all scored tokens, ± one standard error, the tokens of an item together. Calibration error: expected, 15 bins.',
        ],
      },
    ],
  };
}

interface Row {
  readonly comparison: RecordOf<'comparison'>;
  readonly own: ComparisonTask;
}
type ComparisonTask = RecordOf<'comparison'>['tasks'][number];

function figures(view: StudyView, rows: readonly Row[]): Figure[] {
  const own = rows.filter(
    ({ own }) => own.choiceDivergence !== null && own.flips !== null && own.higherIsBetter,
  );
  if (own.length === 0) return [];
  const legend = view.variantLegend(own.map(({ comparison }) => comparison.variant));
  const points = (y: (task: ComparisonTask) => number) =>
    own.map(({ comparison, own: task }) => ({
      x: task.choiceDivergence!,
      y: y(task),
      series: comparison.variant,
      tip: `${comparison.variant}, ${task.task} of ${comparison.checkpoint}: KL ${formatNumber(task.choiceDivergence!)} nats, flips ${formatNumber(100 * task.flips!.share, 2)} %, difference ${formatSigned(100 * task.difference, 2)} points`,
    }));
  const x = { title: 'KL of the choices, nats', zero: true };
  return [
    {
      id: 'divergence',
      title: 'Flips and accuracy against divergence',
      caption: 'One point for each task, checkpoint and variant.',
      panels: [
        seriesPanel(
          points((task) => 100 * task.flips!.share),
          { title: 'flipped answers', x, y: { title: 'flips, %', zero: true }, legend },
        ),
        seriesPanel(
          points((task) => 100 * task.difference),
          { title: 'accuracy', x, y: { title: 'difference, points' }, legend, zeroLine: true },
        ),
      ],
      legend,
    },
  ];
}
