/** @file Which variant loses nothing measurable, which loses where, and what the items could have shown. */

import { isWorse } from '../sections/comparison-section.ts';
import { runsOf } from '../view/cell.ts';
import { count, formatNumber, formatP, formatSigned, listedShort } from '../view/format-number.ts';
import { groupBy } from '../view/index-by.ts';
import { Z_95 } from '../view/mean-score.ts';
import { isShare } from '../view/metric.ts';
import type { RecordOf, StudyView } from '../view/study-view.ts';
import type { Rule } from './rule.ts';

type Comparison = RecordOf<'comparison'>;
type Task = Comparison['tasks'][number];

/** Comparisons of one variant, and whether any task is significantly worse. */
interface Verdict {
  readonly variant: string;
  /** Bits a weight over the checkpoints, smallest and largest; `null` where they are not known. */
  readonly bits: readonly [number, number] | null;
  readonly comparisons: readonly Comparison[];
  readonly losses: readonly (Task & { readonly checkpoint: string; readonly run: string | null })[];
  /** Mean over checkpoints of the difference of average scores; `null` where one has none. */
  readonly average: { readonly difference: number; readonly stderr: number } | null;
}

function verdicts(view: StudyView): Verdict[] {
  return [...groupBy(view.records('comparison'), ({ variant }) => variant)]
    .map(([variant, comparisons]) => ({
      variant,
      bits: bitsRange(view, variant),
      comparisons,
      losses: comparisons
        .flatMap(({ checkpoint, run, tasks }) => tasks.map((task) => ({ ...task, checkpoint, run })))
        .filter((task) => task.isSignificant && isWorse(task)),
      average: averageOf(comparisons),
    }))
    .sort((a, b) => (a.bits?.[0] ?? Number.POSITIVE_INFINITY) - (b.bits?.[0] ?? Number.POSITIVE_INFINITY));
}

function averageOf(comparisons: readonly Comparison[]): Verdict['average'] {
  const averages = comparisons.map(({ average }) => average);
  if (averages.some((average) => average === null || average.stderr === null)) return null;
  const n = averages.length;
  return {
    difference: averages.reduce((sum, average) => sum + average!.difference, 0) / n,
    stderr: Math.sqrt(averages.reduce((sum, average) => sum + average!.stderr! ** 2, 0)) / n,
  };
}

/** Whether the 95 % interval of the average lies below 0. */
const losesOnAverage = ({ average }: Verdict): boolean =>
  average !== null && average.difference + Z_95 * average.stderr < 0;

/** Variants without a significant loss on any task or on average, those with the fewest bits first, and how large a loss may still hide. */
export const nothingMeasurable: Rule = (view) => {
  const without = verdicts(view).filter((verdict) => verdict.losses.length === 0 && !losesOnAverage(verdict));
  const [first, ...others] = without;
  if (first === undefined) return [];
  const tasks = first.comparisons.flatMap((comparison) => comparison.tasks);
  const sentences = [
    {
      text: `${first.variant}${bitsOf(first)} loses nothing measurable: on ${where(first)}, no task is significantly worse than the baseline (paired tests, Holm, 5 %)${first.average === null ? '' : `, and the average differs by ${averageText(first.average)}`}. ${detectableText(tasks)}`,
      runs: runsOf(first.comparisons),
    },
  ];
  if (others.length > 0) {
    sentences.push({
      text: `The same holds for ${listedShort(others.map((other) => `${other.variant}${bitsOf(other)}`))}.`,
      runs: runsOf(others.flatMap(({ comparisons }) => comparisons)),
    });
  }
  return sentences;
};

/** Variants with significant losses: on which tasks, how much, with intervals; the fewest bits first. */
export const losesWhere: Rule = (view) =>
  verdicts(view)
    .filter((verdict) => verdict.losses.length > 0 || losesOnAverage(verdict))
    .map((verdict) => {
      const { variant, comparisons, losses } = verdict;
      const worst = [...losses].sort((a, b) => size(b) - size(a)).slice(0, 2);
      const tests = comparisons.reduce((sum, { tasks }) => sum + tasks.length, 0);
      const single = comparisons.length === 1;
      const examples = worst.map(
        (task) => `${task.task}${single ? '' : ` of ${task.checkpoint}`} ${differenceText(task)}`,
      );
      const more = losses.length - worst.length;
      const onAverage =
        verdict.average === null
          ? ''
          : `On average over tasks the difference is ${averageText(verdict.average)}.`;
      if (losses.length === 0) {
        return {
          text: `${variant}${bitsOf(verdict)} loses on average, though on ${where(verdict)} no single one is significantly worse. ${onAverage}`,
          runs: runsOf(comparisons),
        };
      }
      return {
        text: `${variant}${bitsOf(verdict)} loses on ${losses.length} of ${count(tests, 'paired test')}: ${examples.join('; ')}${more > 0 ? `; and ${more} more` : ''}. ${onAverage}`.trimEnd(),
        runs: runsOf(losses),
      };
    });

/** Tasks that can tell least, and how many items would be needed for one point. */
export const cannotTell: Rule = (view) => {
  const comparisons = view.records('comparison');
  if (comparisons.length === 0) return [];
  const all = comparisons.flatMap(({ run, tasks }) => tasks.map((task) => ({ ...task, run })));
  const unresolved = all.filter(
    ({ isUnresolved, metric, detectable }) =>
      isUnresolved && isShare(metric) && detectable !== null && detectable > 0.01,
  );
  if (unresolved.length === 0) return [];
  const needs = [...groupBy(unresolved, ({ task }) => task)]
    .map(([task, own]) => ({
      task,
      n: own[0]!.n,
      needed: Math.max(...own.map(({ n, detectable }) => itemsNeeded(n, detectable!, 0.01))),
    }))
    .sort((a, b) => b.needed - a.needed);
  const examples = needs
    .slice(0, 3)
    .map(({ task, n, needed }) => `${task} about ${rounded(needed)} (it has ${n})`);
  return [
    {
      text: `${unresolved.length} of ${count(all.length, 'paired test')} cannot tell: the difference is not significant, and smaller than what the items can find. To find a loss of 1 point in 80 % of experiments, ${needs.length === 1 ? 'this task would need' : 'tasks would need'}: ${examples.join(', ')} items.`,
      runs: runsOf(unresolved),
    },
  ];
};

/** Items at which a difference would be found, given what n items find: n grows with the square of the ratio. */
export function itemsNeeded(n: number, detectable: number, difference: number): number {
  return Math.ceil(n * (detectable / difference) ** 2);
}

const size = ({ difference, before }: Task): number => Math.abs(difference) / (Math.abs(before) || 1);

function bitsRange(view: StudyView, variant: string): Verdict['bits'] {
  const own = view.records('variant').filter((record) => record.variant === variant);
  const bits = own.flatMap(({ averageBits }) => averageBits ?? []);
  return bits.length === 0 ? null : [Math.min(...bits), Math.max(...bits)];
}

function bitsOf({ bits }: Verdict): string {
  if (bits === null) return '';
  const [min, max] = bits.map((value) => formatNumber(value));
  return min === max ? ` (${min} bits a weight)` : ` (${min} to ${max} bits a weight)`;
}

function where({ comparisons }: Verdict): string {
  const tasks = new Set(comparisons.flatMap((comparison) => comparison.tasks.map(({ task }) => task))).size;
  return comparisons.length === 1
    ? `${count(tasks, 'task')} of ${comparisons[0]!.checkpoint}`
    : `${count(tasks, 'task')} of ${count(comparisons.length, 'checkpoint')}`;
}

function averageText({ difference, stderr }: NonNullable<Verdict['average']>): string {
  const ends = [difference - Z_95 * stderr, difference + Z_95 * stderr].map((end) =>
    formatSigned(100 * end, 2),
  );
  return `${formatSigned(100 * difference, 2)} points (95 %: ${ends.join(' to ')})`;
}

/** What a loss may be and still stay unseen. */
function detectableText(tasks: readonly Task[]): string {
  const shares = tasks.filter(({ metric }) => isShare(metric));
  const known = shares.flatMap(({ detectable }) => detectable ?? []);
  if (known.length === 0) return 'No answer changed at all.';
  const [min, max] = [Math.min(...known), Math.max(...known)];
  const range =
    min === max
      ? formatNumber(100 * min, 2)
      : `${formatNumber(100 * min, 2)} to ${formatNumber(100 * max, 2)}`;
  return `A smaller loss may exist: the smallest difference that the items find in 80 % of experiments is ${range} points, depending on the task.`;
}

function differenceText({ metric, difference, confidence95, pHolm }: Task): string {
  const scale = isShare(metric) ? 100 : 1;
  const unit = isShare(metric) ? 'points' : metric;
  const ends = confidence95?.map((end) => formatSigned(scale * end, 2)).join(' to ');
  return `${formatSigned(scale * difference, 2)} ${unit} (${ends === undefined ? '' : `95 %: ${ends}, `}p ${formatP(pHolm).replace(/^(?!<)/, '= ')})`;
}

/** Two digits. */
const rounded = (n: number): string => Number(n.toPrecision(2)).toLocaleString('en-US');
