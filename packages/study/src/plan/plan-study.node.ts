/**
 * @file What a study comes to: every run of the grid by its content key, and the jobs that make those that are missing. Only headers, tokenizers and
 * rows are read.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { linearShapes, nonEmbeddingParameters } from '@bitcliff/analysis';
import { type PrepareOptions, resolveTasks, type Task } from '@bitcliff/evals';
import type { LoadedRows } from '@bitcliff/evals/node';
import { averageBits, type Recipe, tokenHash } from '@bitcliff/quantize';
import { BASELINE, type Checkpoint } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import type { AnalysisName, Study } from '../config/study-config.ts';
import { canonicalJson, contentKey } from '../content-key.node.ts';
import { readCalibration } from '../inputs/calibration.node.ts';
import { fingerprint } from '../inputs/fingerprint.node.ts';
import { localPath } from '../inputs/local-path.node.ts';
import { importTasks } from '../inputs/own-tasks.node.ts';
import { readRecipes } from '../inputs/read-recipes.node.ts';
import { loadRows } from '../inputs/task-rows.node.ts';
import { readTextWindows } from '../inputs/text-windows.node.ts';
import type { CheckpointRecord, VariantRecord } from '../records.ts';
import type { Job } from '../store/job-list.node.ts';
import type { GridRun } from '../store/study-records.node.ts';
import { expandCheckpoints, inFolder, type NamedCheckpoint } from './expand-checkpoints.node.ts';
import type { StudyContext } from './study-context.ts';
import { recipeIdentity, type Variant, variantsOf } from './variants.ts';

/** A task with its rows. */
export interface TaskData {
  readonly task: Task;
  readonly loaded: LoadedRows;
}

/** A run of the grid that a job makes. */
export interface PlannedRun extends GridRun {
  /** `null` for the baseline, and for runs without a variant. */
  readonly recipe: Recipe | null;
  readonly calibration: string | null;
}

/** A job with what it makes. */
export interface PlannedJob extends Job {
  readonly kind: 'quantize' | 'task' | 'comparison' | AnalysisName;
  /** Missing ones. */
  readonly runs: readonly PlannedRun[];
  /** Index into `tasks`, or name of a text. */
  readonly task: number;
  readonly text: string | null;
}

/** A checkpoint of the grid. */
export interface PlannedCheckpoint extends NamedCheckpoint {
  readonly fingerprint: string;
  readonly record: CheckpointRecord;
  readonly variants: readonly Variant[];
}

/** What a study comes to. */
export interface StudyPlan {
  readonly checkpoints: readonly PlannedCheckpoint[];
  readonly variants: readonly VariantRecord[];
  readonly tasks: readonly TaskData[];
  /** All of them, in order. */
  readonly runs: readonly PlannedRun[];
  /** What is missing. */
  readonly jobs: readonly PlannedJob[];
}

/** Version of what runs store; a change that moves results raises it. */
const RESULT_VERSION = 1;

/**
 * Plan a study against its store.
 * @throws what opening checkpoints, rows, recipes, calibration sets and texts throws
 */
export async function planStudy(context: StudyContext): Promise<StudyPlan> {
  const { study, folder, input } = context;
  const recipes = await readStudyRecipes(study.recipes, folder);
  const sensitivityRecipes = study.analyses.includes('sensitivity')
    ? await readStudyRecipes(study.sensitivity.recipes, folder)
    : [];
  const tasks = await loadTasks(context);
  const checkpoints: PlannedCheckpoint[] = [];
  const variantRecords: VariantRecord[] = [];
  const runs: PlannedRun[] = [];
  const jobs: PlannedJob[] = [];
  const named = await expandCheckpoints(study.checkpoints, folder);
  const losses = new Map<string, PlannedRun[]>();
  for (const [c, entry] of named.entries()) {
    input.signal?.throwIfAborted();
    input.onProgress?.({
      phase: 'plan',
      done: c,
      total: named.length,
      unit: 'checkpoints',
      detail: entry.name,
    });
    const checkpoint = await openPlanned(context, entry);
    try {
      const planned = await planCheckpoint(context, entry, checkpoint, recipes);
      checkpoints.push(planned);
      const shapes = linearShapes(checkpoint);
      for (const { variant, recipe, calibration } of planned.variants) {
        const bits = recipe && averageBits(recipe, shapes);
        variantRecords.push({ checkpoint: entry.name, variant, recipe, calibration, averageBits: bits });
      }
      const own = await checkpointRuns(context, planned, checkpoint, tasks, sensitivityRecipes);
      runs.push(...own.runs);
      jobs.push(...own.jobs);
      for (const run of own.runs.filter(({ kind }) => kind === 'loss')) {
        const text = (run.subject.text as { name: string }).name;
        losses.set(text, [...(losses.get(text) ?? []), run]);
      }
    } finally {
      await checkpoint.close();
    }
  }
  if (study.analyses.includes('fits')) {
    for (const [text, of] of losses) {
      const labels = checkpoints.map(({ name, record }) => [name, record.metadata]);
      const run = plannedRun({
        kind: 'fits',
        place: { checkpoint: '', variant: '' },
        subject: { losses: of.map(({ run: key }) => key), labels },
        shown: { text: { name: text } },
      });
      runs.push(run);
      if (context.store.isDone(run.run)) continue;
      const needs = jobs.filter((job) => job.kind === 'loss' && job.text === text).map(({ job }) => job);
      jobs.push({
        ...{ job: `fits ${text}`, checkpoint: '', title: `fits of ${text}`, needs },
        ...{ kind: 'fits', runs: [run], task: -1, text },
      });
    }
  }
  return { checkpoints, variants: variantRecords, tasks, runs, jobs };
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
  const sha256 = await knownFingerprint(context, checkpoint.path);
  const { architecture, layers, hiddenSize, vocabularySize } = checkpoint.spec;
  const sets = context.study.calibration.map(({ name }) => name);
  const sizes = [...checkpoint.tensors.names()].map((name) =>
    checkpoint.tensors.info(name).shape.reduce((a, b) => a * b, 1),
  );
  return {
    ...entry,
    fingerprint: sha256,
    record: {
      checkpoint: entry.name,
      path: entry.path,
      fingerprint: sha256,
      ...{ architecture, layers, hiddenSize, vocabularySize },
      parameters: sizes.reduce((a, b) => a + b, 0),
      nonEmbeddingParameters: nonEmbeddingParameters(checkpoint),
      metadata: checkpoint.metadata,
    },
    variants: variantsOf(checkpoint, recipes, sets),
  };
}

/** Runs and jobs of one checkpoint. */
async function checkpointRuns(
  context: StudyContext,
  planned: PlannedCheckpoint,
  checkpoint: Checkpoint,
  tasks: readonly TaskData[],
  sensitivityRecipes: readonly Recipe[],
): Promise<{ runs: PlannedRun[]; jobs: PlannedJob[] }> {
  const { study, store } = context;
  const { name, variants } = planned;
  const runs: PlannedRun[] = [];
  const jobs: PlannedJob[] = [];
  const identities = await variantIdentities(context, planned, checkpoint);
  const base = { checkpoint: planned.fingerprint, engine: context.engineIdentity };
  /** Runs of one job, those that are missing become its work. */
  const add = (job: Omit<PlannedJob, 'checkpoint' | 'runs'>, all: readonly PlannedRun[]): void => {
    runs.push(...all);
    const missing = all.filter(
      ({ run }, i) => !store.isDone(run) && all.findIndex((other) => other.run === run) === i,
    );
    if (missing.length > 0) jobs.push({ ...job, checkpoint: name, runs: missing });
  };
  const variantRuns = (kind: string, subject: object, shown: object, which = variants): PlannedRun[] =>
    which.map((own) =>
      plannedRun({
        kind,
        place: { checkpoint: name, variant: own.variant },
        subject: { ...base, ...subject, ...identities.get(own.variant)! },
        shown,
        own,
      }),
    );
  const quantized = variants.filter(({ recipe }) => recipe !== null);

  const ofTask = new Map<string, PlannedRun[]>(variants.map(({ variant }) => [variant, []]));
  for (const [t, { task, loaded }] of tasks.entries()) {
    const { files, limit, seed, skipped } = loaded.provenance;
    const subject = {
      ...{ task: task.name, version: task.version },
      data: { files: files.map(({ sha256 }) => sha256), limit, seed, skipped: skipped.length },
      settings: taskSettings(study, checkpoint),
    };
    const own = variantRuns('task', subject, {});
    for (const run of own) ofTask.get(run.variant)!.push(run);
    const title = `${task.name} of ${name}`;
    add({ job: `task ${name} ${task.name}`, title, needs: [], kind: 'task', task: t, text: null }, own);
  }
  if (tasks.length > 0) {
    const keys = (variant: string): string[] => ofTask.get(variant)!.map(({ run }) => run);
    for (const own of quantized) {
      const { variant } = own;
      const run = plannedRun({
        kind: 'comparison',
        place: { checkpoint: name, variant },
        subject: { before: keys(BASELINE), after: keys(variant) },
        shown: {},
        own,
      });
      const needs = jobs.filter(({ kind }) => kind === 'task').map(({ job }) => job);
      const title = `comparison of ${variant} of ${name}`;
      add({ job: `comparison ${name} ${variant}`, title, needs, kind: 'comparison', task: -1, text: null }, [
        run,
      ]);
    }
  }

  for (const [i, { name: textName, file, ...windows }] of study.texts.entries()) {
    if (study.analyses.length === 0) break;
    const path = inFolder(context.folder, file);
    const { sequences } = await readTextWindows(checkpoint, path, windows);
    const text = await tokenHash(sequences);
    const shown = { text: { name: textName, file, ...windows } };
    const analyses = new Map<AnalysisName, () => PlannedRun[]>([
      ['loss', () => variantRuns('loss', { tokens: text }, shown)],
      ['weights', () => variantRuns('weights', {}, {})],
      ['activations', () => variantRuns('activations', { tokens: text }, shown)],
      ['activationError', () => variantRuns('activationError', { tokens: text }, shown, quantized)],
      [
        'sensitivity',
        () =>
          sensitivityRecipes.map((recipe) =>
            plannedRun({
              kind: 'sensitivity',
              place: { checkpoint: name, variant: recipe.name },
              subject: { ...base, tokens: text, by: study.sensitivity.by, recipe: recipeIdentity(recipe) },
              shown,
              own: { recipe, calibration: null },
            }),
          ),
      ],
      [
        'blockImportance',
        () => variantRuns('blockImportance', { tokens: text }, shown, variants.slice(0, 1)),
      ],
      ['noise', () => variantRuns('noise', { tokens: text }, shown, quantized)],
    ]);
    for (const [kind, make] of analyses) {
      if (!study.analyses.includes(kind) || (i > 0 && kind !== 'loss')) continue;
      const suffix = kind === 'loss' ? ` on ${textName}` : '';
      const title = `${kind} of ${name}${suffix}`;
      add({ job: `${kind} ${name}${suffix}`, title, needs: [], kind, task: -1, text: textName }, make());
    }
  }
  if (study.texts.length === 0 && study.analyses.includes('weights')) {
    const title = `weights of ${name}`;
    add(
      { job: `weights ${name}`, title, needs: [], kind: 'weights', task: -1, text: null },
      variantRuns('weights', {}, {}),
    );
  }
  return { runs, jobs: withQuantizeJobs(jobs, planned) };
}

/** Put the jobs that calibrate before those that use their results. */
function withQuantizeJobs(jobs: readonly PlannedJob[], { name, variants }: PlannedCheckpoint): PlannedJob[] {
  const needed = variants.filter(
    ({ variant, calibration }) =>
      calibration !== null &&
      jobs.some(({ kind, runs }) => kind !== 'comparison' && runs.some((run) => run.variant === variant)),
  );
  const idOf = (variant: string): string => `quantize ${name} ${variant}`;
  const quantize = needed.map(
    ({ variant }): PlannedJob => ({
      ...{ job: idOf(variant), checkpoint: name, title: `quantizing ${name} by ${variant}`, needs: [] },
      ...{ kind: 'quantize', runs: [], task: -1, text: null },
    }),
  );
  return [
    ...quantize,
    ...jobs.map((job) => ({
      ...job,
      needs: [
        ...job.needs,
        ...needed
          .filter(({ variant }) => job.runs.some((run) => run.variant === variant))
          .map(({ variant }) => idOf(variant)),
      ],
    })),
  ];
}

/** What makes the results of each variant, by name. */
async function variantIdentities(
  context: StudyContext,
  { variants, fingerprint: sha256 }: PlannedCheckpoint,
  checkpoint: Checkpoint,
): Promise<Map<string, object>> {
  const hashes = new Map<string, string>();
  for (const set of new Set(variants.flatMap(({ calibration }) => calibration ?? [])))
    hashes.set(set, await calibrationHash(context, checkpoint, sha256, set));
  return new Map(
    variants.map(({ variant, recipe, calibration }) => [
      variant,
      {
        recipe: recipe && recipeIdentity(recipe),
        calibration: calibration === null ? null : hashes.get(calibration)!,
      },
    ]),
  );
}

/** The hash of a set's tokens; text that the model writes itself is written once. */
async function calibrationHash(
  context: StudyContext,
  checkpoint: Checkpoint,
  sha256: string,
  name: string,
): Promise<string> {
  const { study, store, engineIdentity } = context;
  const { name: _, ...set } = study.calibration.find((own) => own.name === name)!;
  if (set.source !== 'self-generated')
    return tokenHash(await calibrationSequences(context, checkpoint, name));
  const place = `text that ${sha256} writes`;
  const stamp = canonicalJson({ set, engineIdentity });
  const known = store.knownHash(place, stamp);
  if (known !== undefined) return known;
  const hash = await tokenHash(await calibrationSequences(context, checkpoint, name));
  store.rememberHash(place, stamp, hash);
  return hash;
}

/** The tokens of a calibration set. */
export function calibrationSequences(
  { study, folder, input, engine }: StudyContext,
  checkpoint: Checkpoint,
  set: string,
): Promise<ArrayLike<number>[]> {
  const { source, samples, length, seed } = study.calibration.find(({ name }) => name === set)!;
  const isName = /^(task:|random-|self-|hf:)/.test(source);
  const request = {
    source: isName ? source : inFolder(folder, source),
    data: study.data === null ? undefined : inFolder(folder, study.data),
    samples,
    length: length ?? undefined,
    seed,
  };
  return readCalibration(checkpoint, request, { ...input, engine });
}

/** How prompts become tokens, as a manifest has it. */
function taskSettings(study: Study, { spec }: Checkpoint): object {
  const { profile, bos, rollingBos, maxLength, bootstrapIterations, divergence } = study;
  const limit = maxLength ?? spec.maxPositions;
  return { profile, bos, rollingBos, maxLength: limit, bootstrapIterations, divergence };
}

/** How prompts become tokens. */
export function prepareSettings(
  { profile, bos, rollingBos, maxLength }: Study,
  { spec }: Checkpoint,
): PrepareOptions {
  return {
    profile,
    addBos: bos === 'tokenizer' ? undefined : bos === 'always',
    rollingBos,
    maxLength: maxLength ?? spec.maxPositions,
  };
}

/** @param subject what makes the result  @param shown goes into the manifest beside it */
function plannedRun(parts: {
  readonly kind: string;
  readonly place: { readonly checkpoint: string; readonly variant: string };
  readonly subject: object;
  readonly shown: object;
  readonly own?: Pick<Variant, 'recipe' | 'calibration'>;
}): PlannedRun {
  const { kind, place, subject, shown, own } = parts;
  const { recipe = null, calibration = null } = own ?? {};
  return {
    run: contentKey({ kind, resultVersion: RESULT_VERSION, ...subject }),
    kind,
    ...place,
    subject: { resultVersion: RESULT_VERSION, ...subject, ...shown },
    recipe,
    calibration,
  };
}

async function loadTasks({ study, folder, input }: StudyContext): Promise<TaskData[]> {
  const own = await importTasks(study.define.map((file) => inFolder(folder, file)));
  const tasks = resolveTasks(study.tasks, own);
  if (study.data === null) return [];
  const options = {
    limit: study.limit ?? undefined,
    seed: study.seed ?? undefined,
    skipBadRows: study.skipBadRows,
  };
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

/** The fingerprint of a checkpoint; its bytes are read only when sizes or times of its files have changed. */
async function knownFingerprint({ store }: StudyContext, path: string): Promise<string> {
  const stamp = await stampOf(path);
  const known = store.knownHash(path, stamp);
  if (known !== undefined) return known;
  const { sha256 } = await fingerprint(path);
  store.rememberHash(path, stamp, sha256);
  return sha256;
}

async function stampOf(path: string): Promise<string> {
  const place = await stat(path);
  if (place.isFile()) return `${place.size} ${place.mtimeMs}`;
  const names = (await readdir(path)).sort();
  const stats = await Promise.all(names.map((name) => stat(join(path, name))));
  return names.map((name, i) => `${name} ${stats[i]!.size} ${stats[i]!.mtimeMs}`).join('\n');
}
