/** @file Does degradation go with training: with the step, the learning rate, or what a checkpoint was trained with? */
import { runsOf } from '../view/cell.ts';
import { count, formatNumber, formatP, formatSigned, listed } from '../view/format-number.ts';
import { groupBy, indexBy } from '../view/index-by.ts';
import { type PretrainingAxis, pretrainingAxes } from '../view/pretraining-axes.ts';
import { BASELINE, type RecordOf, type StudyView } from '../view/study-view.ts';
import { trajectories } from '../view/trajectories.ts';
import { kendall, type Trend } from './kendall.ts';
import type { Rule } from './rule.ts';

const LEVEL = 0.05;

/** The trend of a series with its test. */
function trendText(trend: Trend | null, points: number): string {
  if (trend === null) return `${count(points, 'checkpoint')} are too few to test a trend`;
  return `rank correlation ${formatSigned(trend.tau, 2)}, exact p ${formatP(trend.p).replace(/^(?!<)/, '= ')}, ${count(points, 'checkpoint')}`;
}

/** Added loss against step, for each variant of each training run. */
export const lossAlongTraining: Rule = (view) =>
  trajectories(view).flatMap(({ name, checkpoints }) => {
    const steps = new Map(checkpoints.map(({ checkpoint, step }) => [checkpoint, step]));
    const own = view
      .records('loss')
      .filter(({ checkpoint, variant }) => steps.has(checkpoint) && variant !== BASELINE);
    const series = [...groupBy(own, ({ text, variant }) => JSON.stringify([text, variant])).values()].filter(
      ({ length }) => length > 1,
    );
    const rising = series.map((records) => {
      const sorted = [...records].sort((a, b) => steps.get(a.checkpoint)! - steps.get(b.checkpoint)!);
      const trend = kendall(
        sorted.map(({ checkpoint }) => steps.get(checkpoint)!),
        sorted.map(({ deltaNll }) => deltaNll),
      );
      return { sorted, trend };
    });
    const ranked = rising.sort((a, b) => growth(b.sorted) - growth(a.sorted)).slice(0, 2);
    return ranked.map(({ sorted, trend }) => {
      const [first, last] = [sorted[0]!, sorted.at(-1)!];
      const verb =
        trend !== null && trend.p <= LEVEL ? (trend.tau > 0 ? 'grows' : 'falls') : 'has no proven trend';
      const run = name === null ? '' : ` (training run ${name})`;
      return {
        text: `The loss that ${first.variant} adds on ${first.text} ${verb} along training${run}: ${formatNumber(first.deltaNll)} nats per token at step ${steps.get(first.checkpoint)}, ${formatNumber(last.deltaNll)} at step ${steps.get(last.checkpoint)} (${trendText(trend, sorted.length)}).`,
        runs: runsOf(sorted),
      };
    });
  });

const growth = (sorted: readonly RecordOf<'loss'>[]): number =>
  Math.abs(sorted.at(-1)!.deltaNll - sorted[0]!.deltaNll);

/** Added loss against the learning rate, where it can be told from the step. */
export const learningRate: Rule = (view) => {
  const fits = view
    .records('fit')
    .filter(({ residualLearningRate, residuals }) => residualLearningRate !== null && residuals.length > 3);
  const correlations = fits.map(
    ({ law, text, residualLearningRate }) =>
      `${formatSigned(residualLearningRate!, 2)} for the law of ${law} on ${text}`,
  );
  const sentences =
    fits.length === 0
      ? []
      : [
          {
            text: `Rank correlation between the learning rate and what a law leaves unexplained: ${listed(correlations)}.`,
            runs: runsOf(fits),
          },
        ];
  const falling = trajectories(view).filter(({ checkpoints }) => {
    const rates = checkpoints.flatMap(({ metadata }) => metadata.learningRate ?? []);
    return (
      rates.length === checkpoints.length &&
      Math.abs(
        kendall(
          rates,
          checkpoints.map(({ step }) => step),
        )?.tau ?? 0,
      ) === 1
    );
  });
  if (falling.length === 0 || sentences.length + view.records('loss').length === 0) return sentences;
  const from = falling.flatMap(({ checkpoints }) => checkpoints);
  const text =
    'In this study the learning rate changes in one direction along with the step, so the two cannot be told apart within a training run.';
  return [...sentences, { text, runs: runsOf(from) }];
};

/**
 * Whether variants lose differently under different pretraining: the two extreme values of each axis among checkpoints of one size at one step, Holm over all
 * axes and variants. Checkpoints are taken as independent, though they answer the same items.
 */
export const pretraining: Rule = (view) => {
  const comparison = groupBy(
    view.records('comparison').filter(({ average }) => average?.stderr != null),
    ({ variant }) => variant,
  );
  const tests = pretrainingAxes(view).flatMap((axis) => {
    const checkpoints = alikeBut(view, axis);
    return [...comparison].flatMap(([variant, records]) => {
      const of = indexBy(records, ({ checkpoint }) => [checkpoint]);
      const groups = axis.values.flatMap((value) => {
        const own = checkpoints.flatMap((record) =>
          axis.valueIn(record) === value ? (of(record.checkpoint) ?? []) : [],
        );
        if (own.length === 0) return [];
        const mean = own.reduce((sum, { average }) => sum + average!.difference, 0) / own.length;
        const stderr =
          Math.sqrt(own.reduce((sum, { average }) => sum + average!.stderr! ** 2, 0)) / own.length;
        return [{ value, own, mean, stderr }];
      });
      if (groups.length < 2) return [];
      const low = groups.reduce((a, b) => (b.mean < a.mean ? b : a));
      const high = groups.reduce((a, b) => (b.mean > a.mean ? b : a));
      const stderr = Math.hypot(low.stderr, high.stderr);
      if (stderr === 0) return [];
      // the extremes of k values are the largest of k (k − 1) / 2 differences
      const p = Math.min(
        1,
        ((groups.length * (groups.length - 1)) / 2) * twoSided((high.mean - low.mean) / stderr),
      );
      return [{ axis, variant, low, high, stderr, p, step: checkpoints[0]!.metadata.step }];
    });
  });
  const found = holmAt(tests, LEVEL);
  return found.map(({ axis: { name, confounded }, variant, low, high, stderr, step }) => ({
    text: `Under ${variant}, checkpoints${step === undefined ? '' : ` at step ${step}`} with ${name} ${low.value} lose more than with ${high.value}: ${formatSigned(100 * low.mean, 2)} against ${formatSigned(100 * high.mean, 2)} points, ${formatNumber(100 * (high.mean - low.mean), 2)} ± ${formatNumber(100 * stderr, 2)} apart${confounded.length === 0 ? '' : `; but ${name} changes together with ${listed(confounded)}`}.`,
    runs: runsOf([...low.own, ...high.own]),
  }));
};

/** Checkpoints of one architecture, size and step: those with the most values of an axis, at the latest step. */
function alikeBut({ checkpoints }: StudyView, axis: PretrainingAxis): readonly RecordOf<'checkpoint'>[] {
  const groups = groupBy(checkpoints, ({ architecture, parameters, metadata }) =>
    JSON.stringify([architecture, parameters, metadata.step ?? null]),
  );
  const values = (group: readonly RecordOf<'checkpoint'>[]): number =>
    new Set(group.flatMap((record) => axis.valueIn(record) ?? [])).size;
  const stepOf = ([first]: readonly RecordOf<'checkpoint'>[]): number => first?.metadata.step ?? 0;
  const sorted = [...groups.values()].sort((a, b) => values(b) - values(a) || stepOf(b) - stepOf(a));
  return sorted[0] ?? [];
}

/** Tests that stay significant after Holm's correction. */
function holmAt<T extends { readonly p: number }>(tests: readonly T[], level: number): T[] {
  const sorted = [...tests].sort((a, b) => a.p - b.p);
  const end = sorted.findIndex(({ p }, i) => p > level / (sorted.length - i));
  return end === -1 ? sorted : sorted.slice(0, end);
}

/** Two-sided p-value of a standard normal deviate, to 1.5 · 10⁻⁷. @see Abramowitz and Stegun, 7.1.26 */
export function twoSided(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return series * Math.exp(-x * x);
}

/** The role whose error of outputs grows most along training. */
export const roleErrors: Rule = (view) =>
  trajectories(view).flatMap(({ checkpoints }) => {
    const steps = new Map(checkpoints.map(({ checkpoint, step }) => [checkpoint, step]));
    const records = view
      .records('activationError')
      .filter(
        ({ checkpoint, kind, relative }) =>
          steps.has(checkpoint) && kind === 'propagated' && relative !== null,
      );
    const variants = [...groupBy(records, ({ variant }) => variant)];
    return variants.slice(0, 2).flatMap(([variant, own]) => {
      const roles = [...groupBy(own, ({ role }) => role)].flatMap(([role, errors]) => {
        const means = [...groupBy(errors, ({ checkpoint }) => checkpoint)]
          .map(([checkpoint, at]) => ({
            step: steps.get(checkpoint)!,
            mean: at.reduce((sum, { relative }) => sum + relative!, 0) / at.length,
          }))
          .sort((a, b) => a.step - b.step);
        const [first, last] = [means[0], means.at(-1)];
        return first === undefined || last === undefined || first === last || first.mean === 0
          ? []
          : [{ role, first, last, ratio: last.mean / first.mean }];
      });
      if (roles.length < 2) return [];
      const most = roles.reduce((a, b) => (b.ratio > a.ratio ? b : a));
      if (most.ratio <= 1) return [];
      return [
        {
          text: `Under ${variant}, the error of outputs grows most in ${most.role}: from ${formatNumber(100 * most.first.mean)} % of the norm at step ${most.first.step} to ${formatNumber(100 * most.last.mean)} % at step ${most.last.step} (mean over layers).`,
          runs: runsOf(own),
        },
      ];
    });
  });
