/** @file Jobs that need no model: they work on what other jobs stored. */
import { type DegradationPoint, fitScalingLaw, type LawFit } from '@bitcliff/analysis';
import { BitcliffError, InternalError } from '@bitcliff/core';
import { compareResults, type TaskResult } from '@bitcliff/evals';
import type { PlannedJob, StudyPlan } from '../plan/planned.node.ts';
import type { StudyContext } from '../plan/study-context.ts';
import type { LossRecord } from '../records.ts';
import { readStudy, withoutPlace } from '../store/study-records.node.ts';
import { progressOf } from './task-job.node.ts';

/** A variant against the baseline, over all tasks. */
export function runComparisonJob(context: StudyContext, { runs }: PlannedJob, { tasks }: StudyPlan): void {
  const { store } = context;
  const begin = performance.now();
  const resultsOf = (keys: unknown): TaskResult[] =>
    (keys as string[]).map((key): TaskResult => {
      const [record] = store.records(key);
      if (record === undefined) throw new InternalError(`runStudy: run ${key} is not done`);
      return { ...(record.data as Omit<TaskResult, 'samples'>), samples: store.samples(key) };
    });
  const metrics = Object.assign({}, ...tasks.map(({ task }) => task.metrics));
  store.finish(
    runs.map((run) => {
      const { before, after } = run.subject;
      const comparison = compareResults(resultsOf(before), resultsOf(after), { metrics });
      const seconds = (performance.now() - begin) / 1000;
      return {
        ...progressOf(context, run, seconds),
        records: [{ kind: 'comparison', data: withoutPlace('comparison', comparison) }],
      };
    }),
  );
}

/** Both scaling laws on all losses of a text; a law that the points do not determine gives no record. */
export function runFitsJob(context: StudyContext, { runs, text }: PlannedJob): void {
  const begin = performance.now();
  const losses = readStudy(context.store.db)
    .records('loss')
    .filter((loss: LossRecord) => loss.text === text);
  const points = losses.flatMap((loss) => {
    const { checkpoint, variant, parameters, tokens, bits, deltaNll: deltaLoss, learningRate } = loss;
    return tokens === null || bits === null
      ? []
      : [{ checkpoint, variant, parameters, tokens, bits, deltaLoss, learningRate }];
  });
  const fits = (['ouyang', 'kumar'] as const).flatMap((law) => fitOrNone(law, points));
  const seconds = (performance.now() - begin) / 1000;
  context.store.finish(
    runs.map((run) => ({
      ...progressOf(context, run, seconds),
      records: fits.map((fit) => ({ kind: 'fit' as const, data: { ...fit, points } })),
    })),
  );
}

function fitOrNone(law: LawFit['law'], points: readonly DegradationPoint[]): LawFit[] {
  try {
    return [fitScalingLaw(law, points)];
  } catch (error) {
    if (BitcliffError.isInstance(error) && error.code === 'INVALID') return [];
    throw error;
  }
}
