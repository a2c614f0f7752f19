/**
 * @file Doing the work of a study. Every process that runs it plans it, and claims jobs until none is left; results go into the store in transactions, by content
 * key, so that it does not matter which process does what, or whether it lives to the end.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BitcliffError, type LongTaskOptions } from '@bitcliff/core';
import { quantizeModel } from '@bitcliff/runtime';
import { calibrationSequences } from '../plan/calibration-tokens.node.ts';
import { planStudy } from '../plan/plan-study.node.ts';
import type { PlannedJob, StudyPlan } from '../plan/planned.node.ts';
import type { StudyContext } from '../plan/study-context.ts';
import type { StudyFailure } from '../records.ts';
import { type JobList, openJobList } from '../store/job-list.node.ts';
import { StoreError } from '../store/store-error.ts';
import { putPlan, readStudy } from '../store/study-records.node.ts';
import { runAnalysisJob } from './analysis-jobs.node.ts';
import { type JobCheckpoint, openJobCheckpoint, removeWork } from './job-checkpoint.node.ts';
import { type OpenStudyOptions, openContext } from './open-context.node.ts';
import { runComparisonJob, runFitsJob } from './summary-jobs.node.ts';
import { runTaskJob } from './task-job.node.ts';

/** How to run a study. */
export interface RunStudyOptions extends OpenStudyOptions {
  /** Help a process that runs this study already: take its jobs, plan none. @default false */
  readonly join?: boolean | undefined;
  /** Said as it happens: what was repaired, and jobs that end. */
  readonly onEvent?: ((event: StudyEvent) => void) | undefined;
}

/** What happens while a study runs. */
export type StudyEvent =
  | { readonly kind: 'repaired'; readonly what: string }
  | { readonly kind: 'planned'; readonly jobs: number; readonly done: number; readonly total: number }
  | { readonly kind: 'done'; readonly job: string; readonly seconds: number }
  | ({ readonly kind: 'failed' } & StudyFailure);

/** How a study stands when a process has nothing left to do. */
export interface StudyOutcome {
  /** Runs of the grid. */
  readonly done: number;
  readonly total: number;
  readonly failures: readonly StudyFailure[];
  readonly seconds: number;
}

/** Somebody asked the study to stop: `cancelStudy`. Code `CANCELLED`. */
export class StudyCancelledError extends BitcliffError {
  constructor(path: string) {
    super({ code: 'CANCELLED', op: 'runStudy', problem: 'the study was cancelled', path });
  }
}

/** Milliseconds between signs of life, and between looks for work that others may free. */
const BEAT = 2000;
const WAIT = 200;

/**
 * Run what is missing of a study.
 * @throws what planning throws, {@link StoreError}, {@link StudyCancelledError}; jobs that fail are in the outcome, and the others go on
 * @example
 * const { study, folder } = await loadStudy('study.config.ts');
 * await runStudy({ study, folder, store: 'study.sqlite', ort, hub: hubSettingsFromEnv(process.env) });
 */
export async function runStudy(options: RunStudyOptions): Promise<StudyOutcome> {
  const begin = performance.now();
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const context = await openContext({ ...options, signal });
  const { store } = context;
  const jobs = openJobList(store.db);
  const beat = setInterval(() => {
    try {
      jobs.beat();
      if (isCancelled(context)) stop.abort(new StudyCancelledError(store.db.path));
    } catch (error) {
      stop.abort(error);
    }
  }, BEAT);
  try {
    if (!options.join) {
      store.db.run(`DELETE FROM meta WHERE name = 'stop'`);
      for (const what of store.repair()) options.onEvent?.({ kind: 'repaired', what });
    }
    const plan = await planStudy(context);
    if (!options.join) {
      putStudy(context, plan);
      jobs.put(plan.jobs);
      const { done, total } = readStudy(store.db).progress;
      options.onEvent?.({ kind: 'planned', jobs: plan.jobs.length, done, total });
    }
    await work(context, plan, jobs, { ...options, signal });
    const { progress, failures } = readStudy(store.db);
    return { ...progress, failures, seconds: (performance.now() - begin) / 1000 };
  } finally {
    clearInterval(beat);
    await context.close();
  }
}

function isCancelled({ store }: StudyContext): boolean {
  return store.db.get(`SELECT 1 FROM meta WHERE name = 'stop'`) !== undefined;
}

function putStudy({ study, store }: StudyContext, plan: StudyPlan): void {
  putPlan(store.db, {
    name: study.name,
    title: study.title,
    config: { ...study },
    checkpoints: plan.checkpoints.map(({ record }) => record),
    variants: plan.variants,
    runs: plan.runs,
  });
}

/** Claim jobs until none is left that this process can do. */
async function work(
  context: StudyContext,
  plan: StudyPlan,
  jobs: JobList,
  options: RunStudyOptions,
): Promise<void> {
  const planned = new Map(plan.jobs.map((job) => [job.job, job]));
  let open: JobCheckpoint | null = null;
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const claimed = jobs.claim(open?.planned.name ?? null);
      if (claimed === null) {
        const { waiting, running } = jobs.counts();
        // one that joined has nothing left; the first one stays, in case another dies
        if (running === 0 || (waiting === 0 && options.join)) break;
        await sleep(WAIT, undefined, { signal: options.signal }).catch(() => {});
        continue;
      }
      const job = planned.get(claimed);
      if (job === undefined) {
        if (options.join) break; // its runs were done while this process planned
        throw new StoreError({
          problem: 'another process runs this study by another config',
          received: claimed,
          path: context.store.db.path,
        });
      }
      if (job.checkpoint !== '' && open?.planned.name !== job.checkpoint) {
        await open?.close();
        open = null;
      }
      const begin = performance.now();
      try {
        const todo = { ...job, runs: job.runs.filter(({ run }) => !context.store.isDone(run)) };
        if (job.kind === 'quantize' || todo.runs.length > 0) {
          if (needsModel(job)) open ??= await openJobCheckpoint(context, checkpointOf(plan, job));
          await doJob(context, plan, todo, open, options);
        }
        jobs.end(claimed, null);
        options.onEvent?.({ kind: 'done', job: job.title, seconds: (performance.now() - begin) / 1000 });
      } catch (error) {
        if (options.signal?.aborted) throw options.signal.reason;
        if (BitcliffError.isInstance(error) && error.code === 'STORE') throw error;
        const text = describe(error);
        jobs.end(claimed, text);
        options.onEvent?.({ kind: 'failed', job: job.title, error: text });
      }
      await removeFinished(context, plan, jobs, job);
    }
  } finally {
    await open?.close();
    jobs.release();
  }
  for (const failure of jobs.failBlocked()) options.onEvent?.({ kind: 'failed', ...failure });
  const { waiting, running, failed } = jobs.counts();
  if (waiting + running + failed === 0) await removeWork(context.store.db.path);
}

/** Calibrated blocks are not needed once every checkpoint of these bytes is finished. */
async function removeFinished(
  { store }: StudyContext,
  plan: StudyPlan,
  jobs: JobList,
  job: PlannedJob,
): Promise<void> {
  if (job.checkpoint === '') return;
  const own = checkpointOf(plan, job);
  const equal = plan.checkpoints.filter(({ fingerprint }) => fingerprint === own.fingerprint);
  if (equal.every(({ name }) => jobs.isFinished(name))) await removeWork(store.db.path, own);
}

function needsModel({ kind }: PlannedJob): boolean {
  return kind !== 'comparison' && kind !== 'fits';
}

function checkpointOf(plan: StudyPlan, { checkpoint }: PlannedJob): StudyPlan['checkpoints'][number] {
  return plan.checkpoints.find(({ name }) => name === checkpoint)!;
}

async function doJob(
  context: StudyContext,
  plan: StudyPlan,
  job: PlannedJob,
  open: JobCheckpoint | null,
  task: LongTaskOptions,
): Promise<void> {
  const { signal, onProgress } = task;
  if (job.kind === 'comparison') return runComparisonJob(context, job, plan);
  if (job.kind === 'fits') return runFitsJob(context, job);
  if (job.kind === 'task') return runTaskJob(context, job, job.task!, open!, { signal, onProgress });
  if (job.kind !== 'quantize') return runAnalysisJob(context, job, open!, { signal, onProgress });
  const variant = job.variant!;
  await quantizeModel(open!.checkpoint, variant.recipe!, {
    ...context.engine,
    blocks: open!.blocks(variant),
    sequences: await calibrationSequences(context, open!.checkpoint, variant.calibration!),
    signal,
    onProgress: (event) => onProgress?.({ ...event, phase: job.title }),
  });
}

function describe(error: unknown): string {
  if (BitcliffError.isInstance(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
