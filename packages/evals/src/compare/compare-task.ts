/** @file One task, two models, the same items: what changed and whether it is more than chance (eval-spec §5). */
import { InvalidInputError, UnsupportedError } from '@bitcliff/core';
import type { Metric, Rate } from '../metrics/metric.ts';
import { totalLogProb } from '../metrics/metric.ts';
import type { TaskResult } from '../score-task.ts';
import type { Sample } from '../scoring/sample.ts';
import { calibrationError } from '../statistics/calibration-error.ts';
import { choiceDivergence } from '../statistics/choice-divergence.ts';
import { countFlips, type Flips } from '../statistics/flips.ts';
import { type McNemarResult, mcNemar } from '../statistics/mcnemar.ts';
import { minimumDetectableDifference } from '../statistics/minimum-detectable-difference.ts';
import { type BootstrapOptions, pairedBootstrap } from '../statistics/paired-bootstrap.ts';
import { pairedDifference } from '../statistics/paired-difference.ts';

/** What one task says about two models. Numbers are in the unit of the metric; differences are after − before. */
export interface TaskComparison {
  readonly task: string;
  readonly version: string;
  readonly metric: string;
  readonly higherIsBetter: boolean;
  readonly n: number;
  readonly before: number;
  readonly after: number;
  readonly difference: number;
  /** Standard error of the difference, items paired, clusters kept together; null for one item. */
  readonly stderr: number | null;
  readonly confidence95: readonly [number, number] | null;
  /** `mcnemar`: exact, on items whose answer changed. `bootstrap`: paired, on a metric of likelihoods. */
  readonly test: 'mcnemar' | 'bootstrap';
  /** Two-sided p-value of that test, this task alone. */
  readonly p: number;
  /** Smallest true difference that this many items find in 80 % of experiments at the 5 % level; null where nothing changed at all. */
  readonly detectable: number | null;
  readonly mcnemar: McNemarResult | null;
  /** Null for a metric that is not of right and wrong answers. */
  readonly flips: Flips | null;
  /** Mean KL divergence of the choices' probabilities, nats; null for a task without choices. */
  readonly choiceDivergence: number | null;
  /** Expected calibration error of both, 15 bins; null for a task without choices. */
  readonly calibrationError: { readonly before: number; readonly after: number } | null;
}

/**
 * Compare two results of one task by a metric.
 * @param name the metric's name @param metric mean of right and wrong answers, or a rate
 * @param options of the bootstrap
 * @throws {InvalidInputError} when the two are not of the same items @throws {UnsupportedError} on a metric of another kind
 */
export function compareTask(
  before: TaskResult,
  after: TaskResult,
  name: string,
  metric: Metric,
  options: Pick<BootstrapOptions, 'iterations' | 'seed'> = {},
): TaskComparison {
  checkSameItems(before, after);
  const clusters = before.samples.map((sample) => sample.cluster);
  const common = {
    task: before.task,
    version: before.version,
    metric: name,
    higherIsBetter: metric.higherIsBetter,
    n: before.n,
    ...choiceStatistics(before.samples, after.samples),
  };
  if (metric.rate !== undefined) {
    return {
      ...common,
      ...compareRate(before.samples, after.samples, metric.rate, { ...options, clusters }),
    };
  }
  const [x, y] = [before, after].map(({ samples }) => samples.map((sample) => metric.perItem?.(sample)));
  const isHit = (score: number | undefined): boolean => score === 0 || score === 1;
  if (!x!.every(isHit) || !y!.every(isHit)) {
    throw new UnsupportedError({
      op: 'compareTask',
      problem: `metric "${name}" cannot be compared`,
      expected: 'a share of right answers or a rate of likelihoods',
      where: before.task,
    });
  }
  return { ...common, ...compareHits(before, after, x as number[], y as number[], clusters) };
}

type Difference = Omit<
  TaskComparison,
  'task' | 'version' | 'metric' | 'higherIsBetter' | 'n' | 'choiceDivergence' | 'calibrationError'
>;

function compareHits(
  before: TaskResult,
  after: TaskResult,
  x: readonly number[],
  y: readonly number[],
  clusters: readonly (string | null)[],
): Difference {
  const hasClusters = clusters.some((cluster) => cluster !== null);
  const paired = pairedDifference(x, y, hasClusters ? clusters : undefined);
  const items = (samples: readonly Sample[], hits: readonly number[]) =>
    samples.map(({ prediction }, i) => ({ correct: hits[i] === 1, prediction }));
  const flips = countFlips(items(before.samples, x), items(after.samples, y));
  const mcnemar = mcNemar(flips.correctToIncorrect, flips.incorrectToCorrect);
  const stderr = paired.clusteredStderrMiller ?? paired.stderr;
  return {
    before: share(x),
    after: share(y),
    difference: paired.difference,
    stderr,
    confidence95: paired.confidence95,
    test: 'mcnemar',
    p: mcnemar.pExact,
    detectable: detectable(stderr, x.length),
    mcnemar,
    flips,
  };
}

/**
 * The difference of the two rates is resampled, which is linear in the likelihoods; its error and interval are then carried to the metric at the
 * baseline's value: those of a ratio of perplexities, not of their heavy-tailed difference.
 */
function compareRate(
  before: readonly Sample[],
  after: readonly Sample[],
  rate: Rate,
  options: BootstrapOptions,
): Difference {
  const sizes = before.map((sample) => rate.size(sample));
  const [x, y] = [before.map(totalLogProb), after.map(totalLogProb)];
  const mean = (values: readonly number[], items: readonly number[]): number => {
    let [sum, size] = [0, 0];
    for (const i of items) {
      sum += values[i]!;
      size += sizes[i]!;
    }
    return sum / size;
  };
  const all = before.map((_, i) => i);
  const r = mean(x, all);
  const value = rate.fromRate(r);
  const change = y.map((logProb, i) => logProb - x[i]!);
  const { stderr, confidence95, p } = pairedBootstrap(before.length, (items) => mean(change, items), options);
  const isKnown = before.length > 1;
  const error = isKnown ? Math.abs(rate.slope(r)) * stderr : null;
  const ends = confidence95.map((end) => rate.fromRate(r + end) - value).sort((a, b) => a - b);
  return {
    before: value,
    after: rate.fromRate(mean(y, all)),
    difference: rate.fromRate(mean(y, all)) - value,
    stderr: error,
    confidence95: isKnown ? [ends[0]!, ends[1]!] : null,
    test: 'bootstrap',
    p: isKnown ? p : 1,
    detectable: detectable(error, before.length),
    mcnemar: null,
    flips: null,
  };
}

function detectable(stderr: number | null, n: number): number | null {
  return stderr === null || stderr === 0 ? null : minimumDetectableDifference(stderr ** 2 * n, n);
}

function choiceStatistics(
  before: readonly Sample[],
  after: readonly Sample[],
): Pick<TaskComparison, 'choiceDivergence' | 'calibrationError'> {
  if (before.some(({ gold }) => gold === null)) return { choiceDivergence: null, calibrationError: null };
  const gold = before.map((sample) => sample.gold!);
  const [x, y] = [before, after].map((samples) => samples.map(({ logProbs }) => logProbs));
  const isImpossible = (logProbs: readonly number[]): boolean => !logProbs.some((x) => x > -Infinity);
  if (x!.some(isImpossible) || y!.some(isImpossible))
    return { choiceDivergence: null, calibrationError: null };
  return {
    choiceDivergence: choiceDivergence(x!, y!),
    calibrationError: {
      before: calibrationError(x!, gold).error,
      after: calibrationError(y!, gold).error,
    },
  };
}

function share(hits: readonly number[]): number {
  return hits.reduce((sum, hit) => sum + hit, 0) / hits.length;
}

function checkSameItems(before: TaskResult, after: TaskResult): void {
  const differ = (problem: string, expected: string | number, received: string | number): InvalidInputError =>
    new InvalidInputError({
      op: 'compareTask',
      problem,
      expected,
      received,
      where: before.task,
      hint: 'Evaluate both on the same rows, with the same profile and version of the task',
    });
  if (before.task !== after.task) throw differ('the tasks differ', before.task, after.task);
  if (before.version !== after.version) throw differ('the versions differ', before.version, after.version);
  const [x, y] = [before.samples, after.samples];
  if (x.length !== y.length) throw differ('the numbers of items differ', x.length, y.length);
  const other = x.findIndex((sample, i) => sample.docHash !== y[i]!.docHash);
  if (other !== -1) {
    throw differ(`item ${other} is not the same`, x[other]!.docHash, y[other]!.docHash);
  }
}
