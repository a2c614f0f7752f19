/** @file Loss and task score along training, for every recipe: figure 3 of arXiv 2305.19268 and the curves of the QiD study. */
import { seriesPanel } from '../figures/series-panel.ts';
import type { Figure, Panel, Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import { formatNumber, formatSigned, percent } from '../view/format-number.ts';
import { indexBy } from '../view/index-by.ts';
import { interval, meanScores } from '../view/mean-score.ts';
import type { StudyView } from '../view/study-view.ts';
import { type Trajectory, trajectories } from '../view/trajectories.ts';

/** When one training run gave several checkpoints with losses or scores. */
export function trainingSection(view: StudyView): Section | null {
  const runs = trajectories(view);
  const inRuns = new Set(runs.flatMap(({ checkpoints }) => checkpoints.map(({ checkpoint }) => checkpoint)));
  const losses = view.records('loss').filter(({ checkpoint }) => inRuns.has(checkpoint));
  const scores = meanScores(view).filter(({ checkpoint }) => inRuns.has(checkpoint));
  if (losses.length === 0 && scores.length === 0) return null;
  const legend = view.variantLegend([...losses, ...scores].map(({ variant }) => variant));
  const panels = runs.flatMap((run) => [...lossPanels(run), ...scorePanels(run)]);

  function lossPanels(run: Trajectory): Panel[] {
    return [...new Set(losses.map(({ text }) => text))].flatMap((text) => {
      const points = run.checkpoints.flatMap(({ checkpoint, step }) =>
        losses.flatMap((record) =>
          record.checkpoint !== checkpoint || record.text !== text
            ? []
            : [
                {
                  step,
                  record,
                  series: record.variant,
                  tip: `${record.variant} at step ${step}: ${formatNumber(record.nll)} nats, ${formatSigned(record.deltaNll)} to the baseline`,
                },
              ],
        ),
      );
      const x = { title: 'training step' };
      const place = [text, run.name].filter((part) => part !== null).join(', ');
      const nll = points.map(({ step, record, ...rest }) => ({ x: step, y: record.nll, ...rest }));
      const added = points.flatMap(({ step, record, ...rest }) =>
        record.variant === 'baseline' ? [] : [{ x: step, y: record.deltaNll, ...rest }],
      );
      if (nll.length === 0) return [];
      return [
        seriesPanel(nll, {
          title: `loss on ${place}`,
          x,
          y: { title: 'loss, nats/token' },
          legend,
          line: true,
        }),
        ...(added.length === 0
          ? []
          : [
              seriesPanel(added, {
                title: `added loss on ${place}`,
                x,
                y: { title: 'added loss, nats/token' },
                legend,
                line: true,
                zeroLine: true,
              }),
            ]),
      ];
    });
  }

  function scorePanels({ name, checkpoints }: Trajectory): Panel[] {
    const points = checkpoints.flatMap(({ checkpoint, step }) =>
      scores.flatMap((score) => {
        if (score.checkpoint !== checkpoint) return [];
        const { low, high } = interval(score.value, score.stderr);
        return [
          {
            x: step,
            y: 100 * score.value,
            ...(low === undefined || high === undefined ? {} : { low: 100 * low, high: 100 * high }),
            series: score.variant,
            tip: `${score.variant} at step ${step}: ${formatNumber(100 * score.value, 2)} %${score.stderr === null ? '' : ` ± ${formatNumber(100 * score.stderr, 2)}`}`,
          },
        ];
      }),
    );
    const title = ['mean accuracy', name].filter((part) => part !== null).join(', ');
    return points.length === 0
      ? []
      : [
          seriesPanel(points, {
            title,
            x: { title: 'training step' },
            y: { title: 'mean accuracy, %' },
            legend,
            line: true,
          }),
        ];
  }

  return {
    id: 'training',
    title: 'Along training',
    text: 'Loss and mean accuracy of every variant against the training step, on checkpoints that differ in nothing else that they say. A loss that grows where scores stay is a degradation that tasks do not see.',
    figures: panelsToFigure(panels, legend),
    tables: [table(view, runs)],
  };
}

function panelsToFigure(panels: readonly Panel[], legend: Figure['legend']): Figure[] {
  if (panels.length === 0) return [];
  const caption = 'Added loss: above the baseline of the same checkpoint. Bars: 95 % intervals over items.';
  return [{ id: 'training', title: 'Loss and score against the training step', caption, panels, legend }];
}

function table(view: StudyView, runs: readonly Trajectory[]): Section['tables'][number] {
  const score = indexBy(meanScores(view), ({ checkpoint, variant }) => [checkpoint, variant]);
  const texts = [...new Set(view.records('loss').map(({ text }) => text))];
  const loss = indexBy(view.records('loss'), (record) => [record.checkpoint, record.variant, record.text]);
  const rows = runs.flatMap(({ checkpoints }) =>
    checkpoints.flatMap(({ step, metadata, ...record }) =>
      view.variants.map(({ variant }) => {
        const own = score(record.checkpoint, variant);
        return [
          cell(record.checkpoint),
          cell(step, record),
          cell(metadata.learningRate, record),
          cell(variant),
          ...texts.flatMap((text) => {
            const found = loss(record.checkpoint, variant, text);
            return [cell(found?.nll, found ?? []), cell(found?.deltaNll, found ?? [])];
          }),
          cell(own && percent(own.value), own?.from ?? [], {
            stderr: own?.stderr == null ? null : percent(own.stderr),
          }),
        ];
      }),
    ),
  );
  return {
    id: 'training',
    title: 'Loss and score by step',
    columns: [
      ...['checkpoint', 'step', 'learning rate', 'variant'].map((label) => ({ label })),
      ...texts.flatMap((text) => [
        { label: `loss on ${text} (nats)` },
        { label: `added loss on ${text} (nats)` },
      ]),
      { label: 'mean accuracy (%)', decimals: 2 },
    ],
    rows: rows.filter((row) => row.slice(4).some(({ value }) => value !== null)),
    notes: [],
  };
}
