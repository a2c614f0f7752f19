/** @file Analyses of a checkpoint: each gives records, which go to the runs of their variants. */
import {
  type AnalysisOptions,
  activationError,
  analyzeActivations,
  analyzeWeights,
  blockImportance,
  noiseControl,
  qidCurves,
  sensitivity,
} from '@bitcliff/analysis';
import { InternalError, type LongTaskOptions } from '@bitcliff/core';
import type { Recipe } from '@bitcliff/quantize';
import { BASELINE } from '@bitcliff/runtime';
import type { AnalysisName, Study } from '../config/study-config.ts';
import { readTextWindows } from '../inputs/text-windows.node.ts';
import { inFolder } from '../plan/expand-checkpoints.node.ts';
import type { PlannedJob } from '../plan/planned.node.ts';
import type { StudyContext } from '../plan/study-context.ts';
import type { RecordKind } from '../records.ts';
import { withoutPlace } from '../store/study-records.node.ts';
import type { JobCheckpoint } from './job-checkpoint.node.ts';
import { progressOf } from './task-job.node.ts';

/** A record, and the variant whose run it belongs to. */
interface Found {
  readonly variant: string;
  readonly kind: RecordKind;
  readonly data: object;
}

interface AnalysisInput {
  readonly study: Study;
  readonly job: JobCheckpoint;
  readonly sequences: readonly Uint32Array[];
  readonly recipes: readonly Recipe[];
  readonly options: AnalysisOptions & Required<Pick<AnalysisOptions, 'kernels'>>;
}

const found = (kind: RecordKind, records: readonly object[], variant: (record: never) => string): Found[] =>
  records.map((data) => ({ kind, data, variant: variant(data as never) }));
const ownVariant = ({ variant }: { readonly variant: string }): string => variant;
const ofBaseline = (): string => BASELINE;
const ofRecipe = ({ recipe }: { readonly recipe: string }): string => recipe;

const RUN: Readonly<Record<Exclude<AnalysisName, 'fits'>, (input: AnalysisInput) => Promise<Found[]>>> = {
  loss: async ({ job, sequences, recipes, options }) =>
    found('loss', await qidCurves([job.checkpoint], sequences, { ...options, recipes }), ownVariant),
  weights: async ({ job, recipes, options }) => {
    const { signal, onProgress, kernels, quantized } = options;
    const { weights, gains } = await analyzeWeights(job.checkpoint, {
      ...{ signal, onProgress, kernels, quantized },
      recipes,
    });
    return [...found('weight', weights, ownVariant), ...found('gain', gains, ofBaseline)];
  },
  activations: async ({ job, sequences, recipes, options }) => {
    const analysis = await analyzeActivations(job.checkpoint, sequences, { ...options, recipes });
    return [
      ...found('activation', analysis.activations, ownVariant),
      ...found('outlier', analysis.outliers, ownVariant),
    ];
  },
  activationError: async ({ job, sequences, recipes, options }) =>
    found(
      'activationError',
      await activationError(job.checkpoint, sequences, { ...options, recipes }),
      ownVariant,
    ),
  sensitivity: async ({ study, job, sequences, recipes, options }) => {
    const { by } = study.sensitivity;
    const { records } = await sensitivity(job.checkpoint, sequences, { ...options, recipes, by });
    return found('sensitivity', records, ofRecipe);
  },
  blockImportance: async ({ job, sequences, options }) =>
    found('blockImportance', await blockImportance(job.checkpoint, sequences, options), ofBaseline),
  noise: async ({ job, sequences, recipes, options }) => {
    const records = [];
    for (const recipe of recipes)
      records.push(...(await noiseControl(job.checkpoint, sequences, { ...options, recipe })));
    return found('noise', records, ofRecipe);
  },
};

/** Run an analysis for the runs that are missing, and finish them. */
export async function runAnalysisJob(
  context: StudyContext,
  { kind, runs, text, title }: PlannedJob,
  job: JobCheckpoint,
  { signal, onProgress }: LongTaskOptions,
): Promise<void> {
  const run = RUN[kind as keyof typeof RUN];
  if (run === undefined) throw new InternalError(`runStudy: no analysis "${kind}"`);
  const begin = performance.now();
  const records = await run({
    study: context.study,
    job,
    sequences: text === null ? [] : await sequencesOf(context, job, text),
    recipes: runs.flatMap(({ recipe }) => recipe ?? []),
    options: {
      ...context.engine,
      kernels: context.kernels,
      quantized: job.quantized(runs),
      signal,
      onProgress: (event) => onProgress?.({ ...event, phase: title }),
    },
  });
  const seconds = (performance.now() - begin) / 1000 / runs.length;
  context.store.finish(
    runs.map((own) => ({
      ...progressOf(context, own, seconds),
      records: records
        .filter(({ variant }) => variant === own.variant)
        .map((record) => ({ kind: record.kind, data: withoutPlace(record.kind, record.data) })),
    })),
  );
}

async function sequencesOf(
  context: StudyContext,
  { checkpoint }: JobCheckpoint,
  name: string,
): Promise<readonly Uint32Array[]> {
  const { file, ...windows } = context.study.texts.find((text) => text.name === name)!;
  return (await readTextWindows(checkpoint, inFolder(context.folder, file), windows)).sequences;
}
