import type { LongTaskOptions } from '@bitcliff/core';
import {
  appendsSpecialTokens,
  type LambadaRow,
  type PreparedTask,
  type PrepareOptions,
  type Profile,
  prepareTask,
  resolveTasks,
  scoreTasks,
  type Task,
  type TaskResult,
} from '@bitcliff/evals';
import type { RowsProvenance, StoredResults } from '@bitcliff/evals/node';
import { type BackendChoice, createKernels } from '@bitcliff/kernels';
import type { Recipe } from '@bitcliff/quantize';
import type { Checkpoint, Engine, ScoreRequest, TextTokenizer, VariantScores } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import { importTasks, loadRows, prepareSettings, readRecipes } from '@bitcliff/study/node';
import * as ort from 'onnxruntime-node';
import { type CalibratedRecipes, calibrateRecipes } from './calibrated-recipes.ts';
import type { CalibrationFlags } from './calibration.ts';
import { type EngineFlags, openEngine } from './engine-options.ts';
import { summarizeDivergence, type VariantDivergence } from './eval-divergence.ts';
import { summarize, type VariantResult } from './eval-report.ts';
import { type GeneratedWork, scoreGenerated, splitTaskNames } from './generated-tasks.ts';
import { hubSettings, localPath } from './local-path.ts';

/** The program that definitions follow (eval-spec.md). */
export const HARNESS = 'lm-evaluation-harness 0.4.13.dev0 @ 4e7e0d4';

/** Options of `bitcliff eval` that decide about results. */
export interface EvalOptions extends EngineFlags {
  readonly recipes: readonly string[];
  readonly tasks: readonly string[];
  readonly data: string;
  readonly define: readonly string[];
  readonly limit?: number;
  readonly seed?: number;
  readonly skipBadRows?: boolean;
  readonly profile: Profile;
  readonly bos: 'tokenizer' | 'always' | 'never';
  readonly rollingBos: 'once' | 'lmeval';
  readonly maxLength?: number;
  readonly bootstrapIters?: number;
  readonly kernels: BackendChoice;
  readonly divergence?: boolean;
  /** For recipes that need it. */
  readonly calibration?: string;
  readonly calibrationSamples: number;
  readonly calibrationLength?: number;
  readonly calibrationSeed: number;
}

/** Everything one evaluation found, and what is needed to repeat it. */
export interface EvalRecord {
  readonly harness: string;
  readonly profile: Profile;
  readonly checkpoint: {
    path: string;
    architecture: string;
    layers: number;
    hiddenSize: number;
    vocabularySize: number;
  };
  readonly settings: StoredResults['settings'];
  readonly engine: {
    onnxruntime: string;
    executionProvider: string;
    kernels: string;
    threads: number | null;
  };
  readonly recipes: readonly Recipe[];
  readonly data: readonly (RowsProvenance & { task: string })[];
  readonly seconds: { prepare: number; quantize: number; score: number; generate: number };
  readonly calibration: CalibratedRecipes['calibration'];
  readonly tokensPerSecond: number;
  readonly results: readonly VariantResult[];
  readonly summaries: ReturnType<typeof summarize>;
  /** `null` unless asked for. */
  readonly divergence: readonly VariantDivergence[] | null;
}

/** Score a checkpoint and its variants on tasks. @param path folder, or `hf:org/name[@revision]` */
export async function evaluateCheckpoint(
  path: string,
  options: EvalOptions,
  run: LongTaskOptions,
): Promise<EvalRecord> {
  const begin = performance.now();
  const recipes = await readRecipes(options.recipes);
  const { generated, others } = splitTaskNames(options.tasks);
  const tasks = resolveTasks(others, await importTasks(options.define));
  const checkpoint = await openCheckpoint(await localPath(path, run));
  try {
    const tokenizer = await checkpoint.tokenizer();
    const sources = [...tasks, ...generated.map(({ source }) => source as Task)];
    const loaded = await loadRows(sources, options.data, options, { ...run, hub: hubSettings() });
    const settings = prepareSettings(options, checkpoint);
    const prepared = tasks.map((task, t): PreparedTask => {
      run.signal?.throwIfAborted();
      const progress = { phase: 'prepare', done: t, total: tasks.length, unit: 'tasks', detail: task.name };
      run.onProgress?.(progress);
      return prepareTask(task, loaded[t]!.rows, tokenizer, settings);
    });
    const prepareSeconds = (performance.now() - begin) / 1000;

    const requests = prepared.flatMap((task) => task.requests);
    const written = generated.map((task, g): GeneratedWork => {
      return { task, rows: loaded[tasks.length + g]!.rows as LambadaRow[] };
    });
    const work = {
      requests,
      write: (engine: Engine) => scoreGenerated(engine, written, tokenizer, settings, run),
    };
    const scoring = await scoreRequests(checkpoint, recipes, work, options, run);
    const { scored, calibration } = scoring;
    const stderr = { bootstrapIterations: options.bootstrapIters };
    const results = scored.map(({ variant, scores }, v) => ({
      variant,
      tasks: [...scoreTasks(prepared, scores, stderr), ...scoring.generated[v]!],
    }));
    const tokens = requests.reduce(
      (sum, { context, continuation }) => sum + context.length + continuation.length - 1,
      0,
    );
    return {
      harness: HARNESS,
      profile: options.profile,
      checkpoint: describeCheckpoint(checkpoint),
      settings: describeSettings(options, settings, tokenizer),
      engine: {
        onnxruntime: ort.env.versions.node ?? 'unknown',
        executionProvider: options.provider.join(','),
        kernels: scoring.kernels,
        threads: options.threads ?? null,
      },
      recipes,
      data: loaded.map(({ provenance }, t) => ({ task: results[0]!.tasks[t]!.task, ...provenance })),
      seconds: { prepare: prepareSeconds, ...scoring.seconds },
      calibration,
      tokensPerSecond: tokens === 0 ? 0 : (tokens * results.length) / scoring.seconds.score,
      results,
      summaries: summarize(results),
      divergence: scoring.compares ? summarizeDivergence(prepared, scored) : null,
    };
  } finally {
    await checkpoint.close();
  }
}

/** What the model is asked. */
interface EvalWork {
  readonly requests: readonly ScoreRequest[];
  /** Lets every variant write. */
  write(engine: Engine): Promise<TaskResult[][]>;
}

/** What the model says of all requests, and what it took. */
interface ScoredRequests {
  readonly scored: readonly VariantScores[];
  /** For each variant, what it made of the tasks by generation. */
  readonly generated: readonly (readonly TaskResult[])[];
  /** Backend that quantized the weights. */
  readonly kernels: string;
  readonly calibration: CalibratedRecipes['calibration'];
  /** Divergence was asked for, and there is a variant to compare. */
  readonly compares: boolean;
  readonly seconds: { quantize: number; score: number; generate: number };
}

/** Quantize what needs calibration, score, let write, and free all of it, whatever happens. */
async function scoreRequests(
  checkpoint: Checkpoint,
  recipes: readonly Recipe[],
  { requests, write }: EvalWork,
  options: EvalOptions,
  run: LongTaskOptions,
): Promise<ScoredRequests> {
  const compares = options.divergence === true && recipes.length > 0 && requests.length > 0;
  const begin = performance.now();
  const kernels = await createKernels({ backend: options.kernels });
  let calibrated: CalibratedRecipes | undefined;
  let engine: Engine | undefined;
  try {
    calibrated = await calibrateRecipes(checkpoint, recipes, calibrationFlags(options), { ...run, kernels });
    const { quantized, calibration } = calibrated;
    engine = await openEngine(checkpoint, options, { recipes, kernels, quantized });
    const middle = performance.now();
    const scored = await engine.score(requests, { ...run, divergence: compares });
    const end = performance.now();
    const generated = await write(engine);
    const seconds = {
      quantize: (middle - begin) / 1000,
      score: (end - middle) / 1000,
      generate: (performance.now() - end) / 1000,
    };
    return { scored, generated, kernels: kernels.backend, calibration, compares, seconds };
  } finally {
    await engine?.dispose();
    await calibrated?.close();
    await kernels.dispose();
  }
}

function calibrationFlags(options: EvalOptions): CalibrationFlags {
  const { calibration, calibrationSamples, calibrationLength, calibrationSeed, ...rest } = options;
  return {
    ...rest,
    samples: calibrationSamples,
    seed: calibrationSeed,
    ...(calibration === undefined ? {} : { calibration }),
    ...(calibrationLength === undefined ? {} : { length: calibrationLength }),
  };
}

function describeSettings(
  options: EvalOptions,
  settings: PrepareOptions,
  tokenizer: TextTokenizer,
): EvalRecord['settings'] {
  return {
    addBos: options.profile === 'classic' ? false : (settings.addBos ?? null),
    prefixTokenId: tokenizer.bosTokenId ?? tokenizer.eosTokenId ?? null,
    appendsSpecialTokens: appendsSpecialTokens(tokenizer, settings),
    maxLength: settings.maxLength,
    rollingBos: options.rollingBos,
    softmax: 'f32, summed in f64',
    bootstrapIterations: options.bootstrapIters ?? null,
  };
}

function describeCheckpoint({ path, spec }: Checkpoint): EvalRecord['checkpoint'] {
  const { architecture, layers, hiddenSize, vocabularySize } = spec;
  return { path, architecture, layers, hiddenSize, vocabularySize };
}
