/**
 * @file What a study comes to: every run of the grid by its content key, and the jobs that make those that are missing. Only headers, tokenizers, texts and
 * rows are read.
 */
import { linearShapes, nonEmbeddingParameters } from '@bitcliff/analysis';
import { resolveTasks } from '@bitcliff/evals';
import { averageBits, type Recipe } from '@bitcliff/quantize';
import type { Checkpoint } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import { localPath } from '../inputs/local-path.node.ts';
import { importTasks } from '../inputs/own-tasks.node.ts';
import { readRecipes } from '../inputs/read-recipes.node.ts';
import { loadRows } from '../inputs/task-rows.node.ts';
import type { VariantRecord } from '../records.ts';
import { checkpointRuns } from './checkpoint-runs.node.ts';
import { expandCheckpoints, inFolder, type NamedCheckpoint } from './expand-checkpoints.node.ts';
import { knownFingerprint } from './known-fingerprint.node.ts';
import {
  type PlannedCheckpoint,
  type PlannedJob,
  type PlannedRun,
  plannedRun,
  type StudyPlan,
  type TaskData,
} from './planned.node.ts';
import type { StudyContext } from './study-context.ts';
import { variantsOf } from './variants.ts';

/**
 * Plan a study against its store.
 * @throws what opening checkpoints, rows, recipes, calibration sets and texts throws
 */
export async function planStudy(context: StudyContext): Promise<StudyPlan> {
  const { study, folder, input } = context;
  const recipes = await readStudyRecipes(study.recipes, folder);
  const parts = study.analyses.includes('sensitivity')
    ? await readStudyRecipes(study.sensitivity.recipes, folder)
    : [];
  const tasks = await loadTasks(context);
  const named = await expandCheckpoints(study.checkpoints, folder);
  const checkpoints: PlannedCheckpoint[] = [];
  const variants: VariantRecord[] = [];
  const runs: PlannedRun[] = [];
  const jobs: PlannedJob[] = [];
  for (const [c, entry] of named.entries()) {
    input.signal?.throwIfAborted();
    const progress = { phase: 'plan', done: c, total: named.length, unit: 'checkpoints', detail: entry.name };
    input.onProgress?.(progress);
    const checkpoint = await openPlanned(context, entry);
    try {
      const planned = await planCheckpoint(context, entry, checkpoint, recipes);
      checkpoints.push(planned);
      const shapes = linearShapes(checkpoint);
      for (const { variant, recipe, calibration } of planned.variants) {
        const bits = recipe && averageBits(recipe, shapes);
        variants.push({ checkpoint: entry.name, variant, recipe, calibration, averageBits: bits });
      }
      const own = await checkpointRuns(context, planned, checkpoint, tasks, parts);
      runs.push(...own.runs);
      jobs.push(...own.jobs);
    } finally {
      await checkpoint.close();
    }
  }
  if (study.analyses.includes('fits')) {
    for (const { name } of study.texts) {
      const { run, job } = fitOf(name, checkpoints, runs, jobs);
      runs.push(run);
      if (!context.store.isDone(run.run)) jobs.push(job);
    }
  }
  return { checkpoints, variants, tasks, runs, jobs };
}

/** Open a checkpoint of the plan; its metadata are those of the study. */
export async function openPlanned(
  { folder, input }: StudyContext,
  { path, metadata }: NamedCheckpoint,
): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(await localPath(inFolder(folder, path), input));
  const given = Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined));
  return { ...checkpoint, metadata: { ...checkpoint.metadata, ...given } };
}

async function planCheckpoint(
  context: StudyContext,
  entry: NamedCheckpoint,
  checkpoint: Checkpoint,
  recipes: readonly Recipe[],
): Promise<PlannedCheckpoint> {
  const fingerprint = await knownFingerprint(context, checkpoint.path);
  const { architecture, layers, hiddenSize, vocabularySize } = checkpoint.spec;
  let parameters = 0;
  for (const name of checkpoint.tensors.names())
    parameters += checkpoint.tensors.info(name).shape.reduce((a, b) => a * b, 1);
  const sets = context.study.calibration.map(({ name }) => name);
  return {
    ...entry,
    fingerprint,
    record: {
      checkpoint: entry.name,
      path: entry.path,
      fingerprint,
      architecture,
      layers,
      hiddenSize,
      vocabularySize,
      parameters,
      nonEmbeddingParameters: nonEmbeddingParameters(checkpoint),
      metadata: checkpoint.metadata,
    },
    variants: variantsOf(checkpoint, recipes, sets),
  };
}

/** The fits of all losses on a text; steps, tokens and learning rates are part of them. */
function fitOf(
  text: string,
  checkpoints: readonly PlannedCheckpoint[],
  runs: readonly PlannedRun[],
  jobs: readonly PlannedJob[],
): { run: PlannedRun; job: PlannedJob } {
  const losses = runs.filter(
    ({ kind, subject }) => kind === 'loss' && (subject.text as { readonly name: string }).name === text,
  );
  const labels = checkpoints.map(({ name, record }) => [name, record.metadata]);
  const subject = { losses: losses.map(({ run }) => run), labels };
  const run = plannedRun({ kind: 'fits', subject, shown: { text: { name: text } } });
  const needs = jobs.filter((job) => job.kind === 'loss' && job.text === text).map(({ job }) => job);
  const none = { checkpoint: '', task: null, variant: null };
  return {
    run,
    job: { ...none, job: `fits ${text}`, title: `fits of ${text}`, needs, kind: 'fits', runs: [run], text },
  };
}

async function loadTasks({ study, folder, input }: StudyContext): Promise<TaskData[]> {
  if (study.data === null) return [];
  const tasks = resolveTasks(
    study.tasks,
    await importTasks(study.define.map((file) => inFolder(folder, file))),
  );
  const { limit, seed, skipBadRows } = study;
  const options = { limit: limit ?? undefined, seed: seed ?? undefined, skipBadRows };
  const loaded = await loadRows(tasks, inFolder(folder, study.data), options, input);
  return tasks.map((task, t) => ({ task, loaded: loaded[t]! }));
}

async function readStudyRecipes(recipes: readonly (string | Recipe)[], folder: string): Promise<Recipe[]> {
  const read: Recipe[] = [];
  for (const recipe of recipes) {
    if (typeof recipe !== 'string') read.push(recipe);
    else read.push(...(await readRecipes([recipe.endsWith('.json') ? inFolder(folder, recipe) : recipe])));
  }
  return read;
}
