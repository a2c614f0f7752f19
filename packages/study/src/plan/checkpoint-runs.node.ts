/** @file The runs of one checkpoint, by task and analysis, and the jobs for those that are missing. */

import type { Recipe } from '@bitcliff/quantize';
import { tokenHash } from '@bitcliff/quantize';
import { BASELINE, type Checkpoint } from '@bitcliff/runtime';
import type { AnalysisName } from '../config/study-config.ts';
import { readTextWindows } from '../inputs/text-windows.node.ts';
import { variantIdentities } from './calibration-tokens.node.ts';
import { inFolder } from './expand-checkpoints.node.ts';
import {
  type PlannedCheckpoint,
  type PlannedJob,
  type PlannedRun,
  plannedRun,
  type TaskData,
} from './planned.node.ts';
import type { StudyContext } from './study-context.ts';
import { taskSettings } from './task-settings.ts';
import { recipeIdentity, type Variant } from './variants.ts';

/** What there is of one checkpoint. */
export interface CheckpointRuns {
  readonly runs: readonly PlannedRun[];
  readonly jobs: readonly PlannedJob[];
}

/** A job before it is known which of its runs are missing. */
type NewJob = Pick<PlannedJob, 'kind'> &
  Partial<Pick<PlannedJob, 'needs' | 'task' | 'text'>> & {
    /** What is worked on, for its name. */
    readonly of: string;
    readonly title: string;
  };

/** Analyses of single parts, by which variants they are made for. */
const VARIANTS_OF: Readonly<
  Record<Exclude<AnalysisName, 'sensitivity' | 'fits'>, 'all' | 'baseline' | 'quantized'>
> = {
  loss: 'all',
  weights: 'all',
  activations: 'all',
  activationError: 'quantized',
  blockImportance: 'baseline',
  noise: 'quantized',
};

/**
 * Plan one checkpoint.
 * @param sensitivityRecipes those that its parts are quantized by
 */
export async function checkpointRuns(
  context: StudyContext,
  planned: PlannedCheckpoint,
  checkpoint: Checkpoint,
  tasks: readonly TaskData[],
  sensitivityRecipes: readonly Recipe[],
): Promise<CheckpointRuns> {
  const { study, store } = context;
  const { name, variants } = planned;
  const runs: PlannedRun[] = [];
  const jobs: PlannedJob[] = [];
  const identities = await variantIdentities(context, planned, checkpoint);
  const base = { checkpoint: planned.fingerprint, engine: context.engineIdentity };

  const add = ({ of, ...job }: NewJob, all: readonly PlannedRun[]): void => {
    runs.push(...all);
    const isFirst = (run: string, i: number): boolean => all.findIndex((other) => other.run === run) === i;
    const missing = all.filter(({ run }, i) => !store.isDone(run) && isFirst(run, i));
    if (missing.length === 0) return;
    const id = `${job.kind} ${name} ${of}`;
    jobs.push({
      needs: [],
      task: null,
      text: null,
      variant: null,
      ...job,
      job: id,
      checkpoint: name,
      runs: missing,
    });
  };
  const variantRuns = (
    kind: string,
    which: readonly Variant[],
    subject: object,
    shown: object = {},
  ): PlannedRun[] =>
    which.map((variant) => {
      const own = { ...base, ...subject, ...identities.get(variant.variant)! };
      return plannedRun({ kind, checkpoint: name, variant, subject: own, shown });
    });

  const keysOf = new Map<string, string[]>(variants.map(({ variant }) => [variant, []]));
  for (const data of tasks) {
    const { task, loaded } = data;
    const { files, limit, seed, skipped } = loaded.provenance;
    const rows = { files: files.map(({ sha256 }) => sha256), limit, seed, skipped: skipped.length };
    const subject = {
      task: task.name,
      version: task.version,
      data: rows,
      settings: taskSettings(study, checkpoint),
    };
    const own = variantRuns('task', variants, subject);
    for (const { variant, run } of own) keysOf.get(variant)!.push(run);
    add({ kind: 'task', of: task.name, title: `${task.name} of ${name}`, task: data }, own);
  }
  const quantized = variants.filter(({ recipe }) => recipe !== null);
  if (tasks.length > 0) {
    const needs = jobs.map(({ job }) => job);
    for (const variant of quantized) {
      const subject = { before: keysOf.get(BASELINE)!, after: keysOf.get(variant.variant)! };
      const run = plannedRun({ kind: 'comparison', checkpoint: name, variant, subject });
      const title = `comparison of ${variant.variant} of ${name}`;
      add({ kind: 'comparison', of: variant.variant, title, needs }, [run]);
    }
  }

  const groups = { all: variants, baseline: variants.slice(0, 1), quantized };
  if (study.analyses.includes('weights') && study.texts.length === 0)
    add({ kind: 'weights', of: '', title: `weights of ${name}` }, variantRuns('weights', variants, {}));
  for (const [t, { name: text, file, ...windows }] of study.texts.entries()) {
    if (study.analyses.length === 0) break;
    const { sequences } = await readTextWindows(checkpoint, inFolder(context.folder, file), windows);
    const tokens = await tokenHash(sequences);
    const shown = { text: { name: text, file, ...windows } };
    for (const kind of study.analyses) {
      if (kind === 'fits' || (t > 0 && kind !== 'loss')) continue;
      const title = `${kind} of ${name}${kind === 'loss' ? ` on ${text}` : ''}`;
      if (kind !== 'sensitivity') {
        const own = kind === 'weights' ? [{}] : [{ tokens }, shown];
        add({ kind, of: text, title, text }, variantRuns(kind, groups[VARIANTS_OF[kind]], own[0]!, own[1]));
        continue;
      }
      const { by } = study.sensitivity;
      const own = sensitivityRecipes.map((recipe) => {
        const variant = { variant: recipe.name, recipe, calibration: null };
        const subject = { ...base, tokens, by, recipe: recipeIdentity(recipe) };
        return plannedRun({ kind, checkpoint: name, variant, subject, shown });
      });
      add({ kind, of: text, title, text }, own);
    }
  }
  return { runs, jobs: withQuantizeJobs(jobs, planned) };
}

/** Put the jobs that calibrate before those that use their results. */
function withQuantizeJobs(jobs: readonly PlannedJob[], { name, variants }: PlannedCheckpoint): PlannedJob[] {
  const uses = ({ kind, runs }: PlannedJob, { variant }: Variant): boolean =>
    kind !== 'comparison' && kind !== 'sensitivity' && runs.some((run) => run.variant === variant);
  const needed = variants.filter(
    (variant) => variant.calibration !== null && jobs.some((job) => uses(job, variant)),
  );
  const idOf = ({ variant }: Variant): string => `quantize ${name} ${variant}`;
  const quantize = needed.map(
    (variant): PlannedJob => ({
      job: idOf(variant),
      checkpoint: name,
      title: `quantizing ${name} by ${variant.variant}`,
      needs: [],
      kind: 'quantize',
      runs: [],
      task: null,
      text: null,
      variant,
    }),
  );
  const withNeeds = jobs.map((job) => {
    const own = needed.filter((variant) => uses(job, variant)).map(idOf);
    return { ...job, needs: [...job.needs, ...own] };
  });
  return [...quantize, ...withNeeds];
}
